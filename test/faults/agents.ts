import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rehearsalSources } from '../../charts/blocks/rehearsal/rehearsal';
import { programs } from '../../config/programs';
import { inside, json, kubectl, list, pause } from '../cluster/support';
import type { Manifest } from '../support/manifests';
import { apply } from './kube';
import type { Target } from './target';

/** What one pod's journal says since a time. */
export interface Report {
  /** Each series: when what was acknowledged was sent, and when it was acknowledged; milliseconds since 1970. */
  readonly acknowledged: Readonly<Record<string, readonly (readonly [sent: number, acked: number])[]>>;
  /** Acknowledged, and not in the database. */
  readonly lost: readonly { readonly series: string; readonly acked: number }[];
  readonly failures: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const label = 'slipway.dev/faults';
const scripts = join(__dirname, 'agents');
const writer = 'faults-writer';

/** The pods that write to the cluster and watch it: one writer, and on every node a watcher. */
export class Agents {
  private known = '';

  constructor(readonly target: Target) {}

  /** Opens the way for them, makes their table, starts the watchers. */
  async start(): Promise<void> {
    const { namespace } = this.target;
    await apply([...this.files(), ...this.policies(), this.watchers(await this.services())]);
    await kubectl('rollout', 'status', 'daemonset/faults-watcher', '-n', namespace, '--timeout=120s');
    await this.startWriter('');
    await kubectl('exec', '-n', namespace, writer, '--', 'node', 'prepare.js');
    await this.follow();
  }

  /** A writer on another node than this one. A pod that was there before is replaced. */
  async startWriter(avoid: string): Promise<void> {
    const { namespace } = this.target;
    const gone = ['--ignore-not-found', '--grace-period=0', '--force', '--wait=true'];
    await kubectl('delete', 'pod', writer, '-n', namespace, ...gone);
    await apply([this.writerPod(await this.services(), avoid)]);
    await kubectl('wait', '--for=condition=Ready', `pod/${writer}`, '-n', namespace, '--timeout=120s');
  }

  /** Tells the watchers the members' addresses whenever those have changed. */
  async follow(): Promise<void> {
    const { namespace, name } = this.target;
    const pods = await list('pods', namespace);
    const named = (value: string) =>
      pods.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === value);
    const addresses = named(name).flatMap(({ status }) => (status as { podIP?: string }).podIP ?? []);
    const watchers = named('faults-watcher').filter(({ status }) => (status as { phase: string }).phase === 'Running');
    const state = JSON.stringify([addresses, watchers.map((pod) => [pod.metadata, restarts(pod)])]);
    if (state === this.known) return;
    const write = `printf '%s\\n' ${addresses.join(' ')} > /data/new && mv /data/new /data/members`;
    const told = watchers.map(({ metadata }) => inside(namespace, metadata.name, 'agent', 'sh', '-c', write));
    // A node that is cut off is told when it is back; until then it watches those it knows.
    const results = await Promise.allSettled(told);
    if (results.every(({ status }) => status === 'fulfilled')) this.known = state;
  }

  /** What the writer's journal says. */
  written = (since: number): Promise<Report> => this.report(writer, since);

  /** What the watchers' journals say, all of them. */
  async watched(since: number): Promise<Report[]> {
    const pods = (await list('pods', this.target.namespace)).filter(
      ({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === 'faults-watcher',
    );
    const reports: Report[] = [];
    for (const { metadata } of pods) reports.push(await this.report(metadata.name, since));
    return reports;
  }

  /** Each of these members' certificates as clients see it. @throws Error when one cannot be reached */
  async certificates(...members: string[]): Promise<Record<string, string>> {
    const pods = (await list('pods', this.target.namespace)).filter(({ metadata }) => members.includes(metadata.name));
    const named = pods.map(({ metadata, status }) => `${metadata.name}=${(status as { podIP: string }).podIP}`);
    return JSON.parse(await this.run('certificates.js', ...named)) as Record<string, string>;
  }

  /** Whether a new connection to a member comes about. */
  reaches = (member: string): Promise<boolean> =>
    this.certificates(member).then(
      () => true,
      () => false,
    );

  /** Runs one of the scripts in the writer's pod; gives what it prints. */
  run = (script: string, ...args: string[]): Promise<string> =>
    inside(this.target.namespace, writer, 'agent', 'node', script, ...args);

  private async report(pod: string, since: number): Promise<Report> {
    // A pod may have just come back with its node.
    for (let attempt = 1; ; attempt += 1) {
      try {
        return JSON.parse(await inside(this.target.namespace, pod, 'agent', 'node', 'report.js', `${since}`)) as Report;
      } catch (error) {
        if (attempt === 10) throw error;
        await pause(3);
      }
    }
  }

  private files(): object[] {
    const own = readdirSync(scripts).map((name) => [name, readFileSync(join(scripts, name), 'utf8')]);
    const { namespace } = this.target;
    const map = (name: string, data: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace },
      data,
    });
    return [map('faults-agents', Object.fromEntries(own)), map('faults-client', rehearsalSources())];
  }

  /** Added to what the platform declares: its own policies stay as they are. */
  private policies(): object[] {
    const { namespace, name } = this.target;
    const databases = {
      matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: [name, `${name}-pooler`] }],
    };
    const agents = { matchLabels: { [label]: 'agent' } };
    const ports = [5432, 6432, 8008].map((port) => ({ protocol: 'TCP', port }));
    const policy = (suffix: string, spec: object) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `faults-${suffix}`, namespace },
      spec,
    });
    return [
      policy('in', {
        podSelector: databases,
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: agents }], ports }],
      }),
      policy('out', {
        podSelector: agents,
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: databases }], ports }],
      }),
    ];
  }

  /** Addresses of the doors: names are the business of the cluster's DNS, and its troubles are not the database's. */
  private async services(): Promise<Record<string, string>> {
    const { namespace, doors } = this.target;
    const address = async (name: string): Promise<string> =>
      (await json<Manifest>('get', 'service', name, '-n', namespace)).spec.clusterIP as string;
    return { [doors.direct]: await address(doors.direct), [doors.pooled]: await address(doors.pooled) };
  }

  private watchers(services: Record<string, string>): object {
    const { namespace } = this.target;
    const labels = { 'app.kubernetes.io/name': 'faults-watcher', [label]: 'agent' };
    return {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'faults-watcher', namespace },
      spec: {
        selector: { matchLabels: { 'app.kubernetes.io/name': 'faults-watcher' } },
        template: { metadata: { labels }, spec: this.pod('watcher.js', services) },
      },
    };
  }

  private writerPod(services: Record<string, string>, avoid: string): object {
    const requirement = { key: 'kubernetes.io/hostname', operator: 'NotIn', values: [avoid] };
    const terms = { nodeSelectorTerms: [{ matchExpressions: [requirement] }] };
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: writer,
        namespace: this.target.namespace,
        labels: { 'app.kubernetes.io/name': writer, [label]: 'agent' },
      },
      spec: {
        ...this.pod('writer.js', services),
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
      },
    };
  }

  private pod(script: string, services: Record<string, string>): object {
    const { client, database, doors } = this.target;
    const folder = '/slipway/test/faults/agents';
    const variables = {
      ROLE: client.role,
      DATABASE: database,
      DOORS: [doors.direct, doors.pooled].join(','),
      // A ConfigMap's files are links to others, beside which nothing else stands.
      NODE_OPTIONS: '--preserve-symlinks --preserve-symlinks-main',
      PGSSLROOTCERT: '/tls/ca.crt',
      PGSSLCERT: '/tls/tls.crt',
      PGSSLKEY: '/tls/tls.key',
    };
    const mounts = {
      [folder]: { name: 'agents', configMap: { name: 'faults-agents' } },
      '/slipway/charts/blocks/rehearsal/server': { name: 'client', configMap: { name: 'faults-client' } },
      '/credentials': { name: 'credentials', secret: { secretName: client.secret, defaultMode: 0o440 } },
      '/tls': { name: 'tls', secret: { secretName: client.certificate, defaultMode: 0o440 } },
      '/data': { name: 'data', emptyDir: {} },
    };
    return {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      hostAliases: Object.entries(services).map(([name, ip]) => ({ ip, hostnames: [name] })),
      // They stay where a real client might: on a node that is being emptied, or is silent.
      tolerations: [{ operator: 'Exists' }],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        fsGroup: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'agent',
          image: programs.node,
          command: ['node', script],
          workingDir: folder,
          env: Object.entries(variables).map(([name, value]) => ({ name, value })),
          resources: { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '512Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
          volumeMounts: Object.entries(mounts).map(([mountPath, { name }]) => ({ name, mountPath })),
        },
      ],
      volumes: Object.values(mounts),
    };
  }
}

const restarts = ({ status }: Manifest): number =>
  (status as { containerStatuses?: { restartCount: number }[] }).containerStatuses?.[0]?.restartCount ?? 0;
