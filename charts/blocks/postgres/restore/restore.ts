import type { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { apiAccess } from '../../api-access';
import { Configuration } from '../../configuration';
import type { Container, Mount } from '../../container';
import type { Variables } from '../../environment';
import { Job, type JobProps } from '../../job';
import { Platform } from '../../platform';
import { burstable } from '../../quantity';
import type { SecretKey } from '../../secrets';
import { primaryVariables, repositoryVariables, type BackupClient } from '../backup/client';
import { clientFiles, port as backupPort } from '../backup/configuration';
import { passwordVariable } from '../accounts';
import { restPort, stateOf, stateRules } from '../patroni';
import { restoreScripts } from './scripts';

export interface RestoreJobsProps extends BackupClient {
  readonly members: number;
  /** Claim of member 0: `postgres-data-postgres-0`. */
  readonly claim: string;
  /** The members' configuration of Patroni, at /etc/patroni. */
  readonly patroni: Mount;
  /** Roles that the members' own parts log in as, and their passwords: what is restored gets them. */
  readonly own: Readonly<Record<string, SecretKey>>;
  /** The workload that keeps a repository on a volume. @default - all are buckets */
  readonly repositoryHost?: string | undefined;
  /** Room for a copy beside the database: `100Gi`. */
  readonly storage: string;
  /** Cron schedule of the drill, UTC. */
  readonly drill: string;
}

/** The documents': once a month a backup is restored, to see that it can be (ALL-34). */
export const monthly = '0 5 1 * *';

const component = 'backup';
const scratch = '/scratch';
const temporary: Mount = { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 128 } };
const sockets: Mount = { path: '/run/postgresql', volume: { scratch: 'run', sizeMiB: 1, inMemory: true } };

interface Run extends Pick<JobProps, 'schedule' | 'onDemand' | 'retries' | 'beside' | 'gracePeriodSeconds'> {
  readonly mode: 'live' | 'scratch' | 'drill';
  /** The folder whose copy is made; it stands on this volume. */
  readonly folder: string;
  readonly mounts: readonly Mount[];
  readonly variables?: Variables;
}

/**
 * Brings a database back from its backup (ALL-16, ALL-34): over the live one and beside it when somebody starts it, and once
 * a month to prove that it can be done. A copy is made and read in full before anything is replaced.
 */
export class RestoreJobs extends Construct {
  private readonly mounts: readonly Mount[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: RestoreJobsProps,
  ) {
    super(scope, id);
    const { layout, tls, claim, patroni, members, database, drill, storage, own } = props;
    const files = new Configuration(this, `${id}-configuration`, clientFiles(layout));
    const scripts = new Configuration(this, `${id}-scripts`, restoreScripts);
    this.mounts = [files.at('/etc/pgbackrest'), scripts.at('/restore'), tls, temporary, sockets];

    const live = new Construct(this, 'live');
    const token = apiAccess(live, id, { component, rules: this.rules() });
    Platform.of(this).network.connect(id, database.server, restPort);
    this.job(live, id, {
      mode: 'live',
      onDemand: true,
      folder: layout.dataFolder,
      // Stopped from outside it brings the database back: its members end and start once more.
      gracePeriodSeconds: 900,
      mounts: [{ path: '/pgdata', volume: { claim } }, patroni, token],
      variables: {
        SCOPE: database.server,
        MEMBERS: `${members}`,
        POOLER: database.pooler.name,
        POOLER_PODS: `${database.pooler.pods}`,
        PATRONI_KUBERNETES_NAMESPACE: { field: 'metadata.namespace' },
        ...Object.fromEntries(Object.entries(own).map(([role, password]) => [passwordVariable(role), password])),
      },
      beside: { pods: { 'statefulset.kubernetes.io/pod-name': `${database.server}-0` }, always: false },
    });
    const { storageClass } = Platform.of(this).settings.cluster;
    const copy = {
      folder: `${scratch}/pg`,
      mounts: [{ path: scratch, volume: { room: 'copy', storage, storageClass } }],
    };
    this.job(new Construct(this, 'scratch'), `${id}-scratch`, { mode: 'scratch', onDemand: true, ...copy });
    const drills = `${database.server}-drill`;
    this.job(new Construct(this, 'drill'), drills, { mode: 'drill', schedule: drill, retries: 1, ...copy });
  }

  /** What a run over the live database asks of the API server. */
  private rules(): k8s.PolicyRule[] {
    const { server, pooler } = this.props.database;
    return [
      ...stateRules(server),
      { apiGroups: [''], resources: ['configmaps'], resourceNames: stateOf(server), verbs: ['delete'] },
      { apiGroups: ['apps'], resources: ['statefulsets/scale'], resourceNames: [server], verbs: ['patch'] },
      { apiGroups: ['apps'], resources: ['deployments/scale'], resourceNames: [pooler.name], verbs: ['get', 'patch'] },
    ];
  }

  private job(scope: Construct, id: string, { mode, folder, mounts, variables, ...when }: Run): void {
    const { image, user, database, repositoryHost, externals = [], deadlineSeconds, storage } = this.props;
    const { network, capacity } = Platform.of(this);
    const container: Container = {
      name: mode === 'live' ? 'restore' : mode,
      image,
      command: ['python3', '-B', '/restore/restore.py', mode],
      variables: { ...this.variables(), PGDATA: folder, ...variables },
      mounts: [...this.mounts, ...mounts],
      resources: { cpu: '2', memory: '1Gi', reserved: { cpu: '50m', memory: '128Mi' } },
      share: burstable,
    };
    const priority = mode === 'live' ? 'data' : 'batch';
    new Job(scope, id, { component, priority, containers: [container], user, deadlineSeconds, ...when });
    if (mode !== 'live') capacity.claim(storage, 1);
    if (repositoryHost) network.connect(id, repositoryHost, backupPort);
    network.connect(id, database.server, database.port);
    for (const external of externals) network.leave(id, external);
  }

  private variables(): Variables {
    return {
      ...repositoryVariables(this.props),
      ...primaryVariables(this.props),
      NAMESPACE: { field: 'metadata.namespace' },
    };
  }
}
