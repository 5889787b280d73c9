import type { Construct } from 'constructs';
import type { Client, Connectable, Connection } from './connection';
import type { Container, Mount, Probes } from './container';
import { secretsOf, type Variables } from './environment';
import type { External } from './network';
import { Platform } from './platform';
import { placementOf, type Placement, type PlacementProps } from './placement';
import { burstable, limitsOf, type Resources } from './quantity';
import { rehearsalFiles } from './rehearsal/rehearsal';

/** What Service, Worker and Task have in common: a program of the platform's own, and what it connects to. */
export interface ApplicationProps extends PlacementProps {
  /** Registry, name and exact tag. */
  readonly image: string;
  /** CPU and memory at most; requests follow (ALL-06). */
  readonly size: Resources;
  /** What part it plays: frontend, api, mcp, analytics. */
  readonly component: string;
  /** @default - the image's own */
  readonly command?: readonly string[];
  /** Variables besides those of connections; they may use the latter as `$(NAME)`. @default - none */
  readonly variables?: Variables;
  /** Databases. @default - none */
  readonly uses?: Readonly<Record<string, Connectable>>;
  /** Most connections that one pod opens to one database: workers × pool (ALL-12). @default 15, SQLAlchemy's own */
  readonly connections?: number;
  /** Other services. @default - none */
  readonly calls?: readonly Connectable[];
  /** Services outside the cluster. @default - none */
  readonly externals?: readonly External[];
  /** Writable or shared folders; `/tmp` is there already. @default - none */
  readonly mounts?: readonly Mount[];
}

/** What the rehearsal server answers in place of the application. */
export interface RehearsalRole {
  readonly port: number;
  readonly health: readonly string[];
  readonly metrics?: string | undefined;
}

/** How the container runs beside what it runs: ports and probes, and its part in a rehearsal. */
export interface ApplicationRuntime {
  readonly ports: Readonly<Record<string, number>>;
  /** Most pods at once. @default 1 */
  readonly pods?: number | undefined;
  readonly probes?: Probes;
  readonly rehearsal: RehearsalRole;
  readonly preStop?: readonly string[];
  /** What a rehearsal runs. @default server.js */
  readonly rehearsalScript?: string;
}

const temporary: Mount = { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 64 } };

/** A tag after the last slash: before it a colon is that of a registry's port. */
const exactTag = /^[^@]*:(?!latest($|@))\w[^/:@]*(@sha256:[0-9a-f]{64})?$/;

/**
 * The container of an application with everything its connections bring, and what must run before it.
 *
 * @throws Error when the image has no exact tag, or the size no units
 */
export function application(
  scope: Construct,
  id: string,
  props: ApplicationProps,
  runtime: ApplicationRuntime,
): { readonly container: Container; readonly before: readonly Container[]; readonly placement: Placement['pod'] } {
  if (!exactTag.test(props.image)) {
    throw new Error(`expected \`image\` of ${id} to have an exact tag, got "${props.image}"`);
  }
  limitsOf(props.size);
  const platform = Platform.of(scope);
  const placement = placementOf(id, props, platform.settings.cluster.gpuClasses);
  const client: Client = { id, platform, pods: runtime.pods ?? 1, connections: props.connections ?? 15 };
  const targets = [...Object.values(props.uses ?? {}), ...(props.calls ?? [])];
  const connections = targets.map((target) => target.connect(client));
  for (const external of props.externals ?? []) platform.network.leave(id, external);

  // Two databases are shown one certificate.
  const certificates = new Map(connections.flatMap(({ mounts = [] }) => mounts).map((mount) => [mount.path, mount]));
  const variables: Variables = Object.assign({}, ...connections.map((c) => c.variables), props.variables);
  const container: Container & { readonly variables: Variables } = {
    name: id,
    image: props.image,
    ...(props.command && { command: props.command }),
    variables,
    ports: runtime.ports,
    ...(runtime.probes && { probes: runtime.probes }),
    ...(runtime.preStop && { preStop: runtime.preStop }),
    mounts: [temporary, ...certificates.values(), ...(props.mounts ?? [])],
    resources: props.size,
    share: burstable,
    ...(placement.devices && { devices: placement.devices }),
  };
  for (const key of secretsOf(variables)) platform.secrets.use(key, id);
  return {
    container: platform.rehearsal ? rehearsed(container, platform, connections, runtime) : container,
    before: connections.flatMap(({ before = [] }) => before),
    placement: placement.pod,
  };
}

/** The same container with the rehearsal server in place of its image: same variables, ports, probes and limits. */
function rehearsed(
  container: Container & { readonly variables: Variables },
  platform: Platform,
  connections: readonly Connection[],
  { rehearsal, rehearsalScript = 'server.js' }: ApplicationRuntime,
): Container {
  const role = { name: container.name, ...rehearsal, connections: connections.flatMap(({ check = [] }) => check) };
  return {
    ...container,
    image: platform.settings.programs.node,
    command: ['node', `/rehearsal/${rehearsalScript}`],
    variables: { ...container.variables, REHEARSAL: JSON.stringify(role) },
    mounts: [...(container.mounts ?? []), { path: '/rehearsal', volume: { files: rehearsalFiles } }],
  };
}

/** Configuration that replaces a rehearsed pod when the server's sources change. */
export const rehearsalFingerprint = (platform: Platform) =>
  platform.rehearsal && { restartOn: () => Object.values(platform.rehearsal?.sources ?? {}) };
