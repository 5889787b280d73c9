import { Construct } from 'constructs';
import { application, type ApplicationProps } from './application';
import { Configuration } from './configuration';
import { variablesOf, type Container, type Mount } from './container';
import { Job } from './job';
import { unclaimed, versionOf } from './labels';
import { Platform } from './platform';
import type { Postgres } from './postgres/postgres';
import { psqlFile } from './postgres/scripts';
import { waits } from './shell';

/** An application's own migration. */
export interface MigrationProps extends Pick<
  ApplicationProps,
  'image' | 'size' | 'variables' | 'externals' | 'mounts'
> {
  /** What brings the schema to this version; it must be safe to repeat. */
  readonly command: readonly string[];
  /** SQL that a rehearsal runs in its place: tables that `sql` expects. @default - none */
  readonly rehearsal?: string;
}

export interface ReleaseProps {
  /** The database that is migrated. */
  readonly database: Postgres;
  /** @default - none: then there is `sql` */
  readonly program?: MigrationProps;
  /**
   * What psql runs after it as the owner, statement by statement: the file says itself what is one transaction. It
   * must be safe to repeat.
   *
   * @default - none: then there is `program`
   */
  readonly sql?: string;
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
  /** @throws Error when a client of the database was declared before, or there is nothing to run */
  constructor(scope: Construct, id: string, props: ReleaseProps) {
    super(scope, unclaimed(scope, id));
    const { database, program, sql } = props;
    const platform = Platform.of(this);
    if (!program && !sql) {
      throw new Error(`expected ${id} to have \`program\` or \`sql\`, got neither: it would migrate nothing`);
    }
    const certificate = database.admit(id);
    const steps = [
      ...(program ? [this.migration(id, database, program, certificate)] : []),
      ...(sql ? [this.schema(id, database, sql)] : []),
    ];
    const job = new Job(this, id, {
      component: 'release',
      initContainers: [database.ownerReady(id, 'await-database'), ...steps],
      // Its own pod name carries the fingerprint: a text of itself cannot stand in what is fingerprinted.
      containers: [
        database.ownerProgram(id, 'record', ['bash', '-c', recordScript(id)], {
          variables: { POD: { field: 'metadata.name' } },
        }),
      ],
      user: platform.user,
      deadlineSeconds: props.deadlineSeconds ?? 6 * 3600,
    });
    database.waitFor((program: Container) => ({
      ...program,
      variables: () => ({ ...variablesOf(program), AWAITED: job.release(), JOB: `${id}-${job.release()}` }),
      command: ['bash', '-c', awaitScript(platform.space)],
    }));
  }

  /** The application's migration; in a rehearsal a program of ours that speaks to the same database. */
  private migration(id: string, database: Postgres, program: MigrationProps, certificate: Mount): Container {
    const { rehearsal, ...itself } = program;
    const variables = {
      ...database.ownerVariables(),
      RELEASE: versionOf(program.image),
      ...program.variables,
      ...(rehearsal && Platform.of(this).rehearsal && { REHEARSAL_MIGRATION_SQL: rehearsal }),
    };
    const { container } = application(
      this,
      id,
      { ...itself, variables, mounts: [certificate, ...(program.mounts ?? [])], component: 'release' },
      { ports: {}, rehearsal: { port: 8080, health: [] }, rehearsalScript: 'migrate.js' },
    );
    return { ...container, name: 'migrate' };
  }

  private schema(id: string, database: Postgres, sql: string): Container {
    const file = new Configuration(this, id, { 'schema.sql': sql });
    return database.ownerProgram(id, 'schema', psqlFile('/schema/schema.sql'), { mounts: [file.at('/schema')] });
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
