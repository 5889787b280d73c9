import { Construct } from 'constructs';
import { application, type ApplicationProps } from './application';
import { variablesOf, type Container } from './container';
import { Job } from './job';
import { unclaimed, versionOf } from './labels';
import { Platform } from './platform';
import type { Postgres } from './postgres/postgres';
import { waits } from './shell';

export interface ReleaseProps extends Omit<ApplicationProps, 'uses' | 'calls' | 'component'> {
  /** The database that is migrated. */
  readonly database: Postgres;
  /** What brings the schema to this version; it must be safe to repeat. */
  readonly command: readonly string[];
  /** A migration that takes longer, its wait for the database included, has failed. @default 21600 */
  readonly deadlineSeconds?: number;
}

/**
 * Migrates a database once for each release, before the new version serves (ALL-27).
 *
 * The Job's name is the fingerprint of what it runs. When the migration is done it writes that fingerprint into the
 * database, and every new pod that uses the database first waits to read it there. So the order holds whoever applies
 * the manifests (kubectl, Argo CD, the command line), and when the migration fails the new pods stay in their
 * init container, say so in its log, and the old version goes on serving.
 */
export class Release extends Construct {
  /** @throws Error when a client of the database was declared before */
  constructor(scope: Construct, id: string, props: ReleaseProps) {
    super(scope, unclaimed(scope, id));
    const { database } = props;
    const platform = Platform.of(this);
    const variables = { ...database.ownerVariables(), RELEASE: versionOf(props.image), ...props.variables };
    const { container } = application(
      this,
      id,
      { ...props, variables, component: 'release' },
      { ports: {}, rehearsal: { port: 8080, health: [] }, rehearsalScript: 'migrate.js' },
    );
    const fingerprinted: { job?: Job } = {};
    const release = () => fingerprinted.job?.release() ?? id;

    fingerprinted.job = new Job(this, id, {
      component: 'release',
      initContainers: [database.ownerReady('await-database'), { ...container, name: 'migrate' }],
      // Its own pod name carries the fingerprint: a text of itself cannot stand in what is fingerprinted.
      containers: [
        database.ownerProgram('record', ['bash', '-c', recordScript(id)], { POD: { field: 'metadata.name' } }),
      ],
      user: platform.user,
      deadlineSeconds: props.deadlineSeconds ?? 6 * 3600,
    });
    database.admit(id);
    database.waitFor((program: Container) => ({
      ...program,
      variables: () => ({ ...variablesOf(program), AWAITED: release(), JOB: `${id}-${release()}` }),
      command: ['bash', '-c', awaitScript(platform.space)],
    }));
  }
}

/** The pod is called like its Job, a dash and five letters. */
const recordScript = (id: string): string => `set -eu
release=\${POD#${id}-}
release=\${release%-*}
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set release="$release" <<'SQL'
insert into slipway.releases (release) values (:'release') on conflict do nothing;
SQL
echo "release $release is in the database"
`;

const awaitScript = (namespace: string): string => `${waits}
# A release is ten hexadecimal digits: nothing that needs quoting.
query="select 1 from slipway.releases where release = '$AWAITED'"
until [ "$(psql --no-psqlrc -Atqc "$query" 2> /tmp/error)" = 1 ]; do
  echo "waiting for release $AWAITED: the old version serves until it is in the database;" \\
    "see kubectl -n ${namespace} logs job/$JOB --all-containers $(tail -n 1 /tmp/error)"
  sleep 3
done
`;
