import { k8s } from 'cdk8s-plus-27';
import { envVars, type Variables } from './environment';
import { ephemeralStorageMiB, quantity, resourceRequirements, type Resources, type Share } from './quantity';

/**
 * What a container writes to or reads from, beside its image: everything else is read-only (ALL-11). A `room` is a claim
 * that comes and goes with the pod, for what is too large for a scratch folder.
 */
export type Volume =
  | { readonly scratch: string; readonly sizeMiB: number; readonly inMemory?: boolean }
  | { readonly files: string; readonly executable?: boolean; readonly revision?: string }
  | { readonly room: string; readonly storage: string; readonly storageClass?: string | undefined }
  | { readonly claim: string; readonly template?: boolean; readonly oneNode?: boolean }
  | { readonly certificate: string; readonly names?: CertificateNames }
  | { readonly apiToken: string };

/** What a certificate, its key and its authority are called in the folder. @default - tls.crt, tls.key, ca.crt */
export type CertificateNames = Readonly<Record<'tls.crt' | 'tls.key' | 'ca.crt', string>>;

export interface Mount {
  readonly path: string;
  readonly volume: Volume;
  /** @default true for files and certificates, false for the rest */
  readonly readOnly?: boolean;
}

export type Check =
  | { readonly http: string; readonly port: string; readonly tls?: boolean }
  | { readonly tcp: string }
  | { readonly command: readonly string[] };

export interface Probe {
  readonly check: Check;
  /** @default 10 */
  readonly periodSeconds?: number;
  /** @default 5 */
  readonly timeoutSeconds?: number;
  /** @default 3 */
  readonly failures?: number;
}

/**
 * Started once, ready for traffic, alive: three questions (ALL-07). Liveness never asks a dependency, or one slow
 * database restarts every pod that uses it.
 */
export interface Probes {
  readonly startup?: Probe;
  readonly readiness: Probe;
  readonly liveness: Probe;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  /** A function where they depend on what is declared later. */
  readonly variables?: Variables | (() => Variables);
  /** Port numbers by name. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly probes?: Probes;
  readonly mounts?: readonly Mount[];
  readonly resources: Resources;
  readonly share: Share;
  /** Devices of the node, by resource: `nvidia.com/gpu`. */
  readonly devices?: Readonly<Record<string, number>>;
  /** Another than the pod's. @default - the pod's */
  readonly user?: number;
  /** What runs before the stop signal. */
  readonly preStop?: readonly string[];
  /** A terminal on which one person answers it. @default false */
  readonly terminal?: boolean;
}

/** The variables as they are now. */
export const variablesOf = ({ variables = {} }: Container): Variables =>
  typeof variables === 'function' ? variables() : variables;

/** The container as Kubernetes takes it: no privilege, no writable root, limits on everything (ALL-11). */
export function containerSpec(props: Container): k8s.Container {
  const { ports = {}, mounts = [], probes, preStop } = props;
  return {
    name: props.name,
    image: props.image,
    // A tag can be pushed again: what runs is asked for at each start, a digest makes that free.
    imagePullPolicy: 'Always',
    ...(props.command && { command: [...props.command] }),
    ...(props.variables && { env: envVars(variablesOf(props)) }),
    ...(Object.keys(ports).length > 0 && {
      ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })),
    }),
    resources: resourceRequirements(props.resources, props.share, props.devices),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      privileged: false,
      capabilities: { drop: ['ALL'] },
      ...(props.user !== undefined && { runAsUser: props.user }),
    },
    ...(mounts.length > 0 && {
      volumeMounts: mounts.map(({ path, volume, readOnly = 'files' in volume || 'certificate' in volume }) => ({
        name: volumeName(volume),
        mountPath: path,
        ...(readOnly && { readOnly }),
      })),
    }),
    ...(probes && {
      ...(probes.startup && { startupProbe: probe(probes.startup) }),
      readinessProbe: probe(probes.readiness),
      livenessProbe: probe(probes.liveness),
    }),
    ...(preStop && { lifecycle: { preStop: { exec: { command: [...preStop] } } } }),
    ...(props.terminal && { stdin: true, stdinOnce: true, tty: true }),
  };
}

function probe({ check, periodSeconds = 10, timeoutSeconds = 5, failures = 3 }: Probe): k8s.Probe {
  const named = (port: string) => k8s.IntOrString.fromString(port);
  const how =
    'http' in check
      ? { httpGet: { path: check.http, port: named(check.port), ...(check.tls && { scheme: 'HTTPS' }) } }
      : 'tcp' in check
        ? { tcpSocket: { port: named(check.tcp) } }
        : { exec: { command: [...check.command] } };
  return { ...how, periodSeconds, timeoutSeconds, failureThreshold: failures };
}

function volumeName(volume: Volume): string {
  if ('scratch' in volume) return volume.scratch;
  if ('certificate' in volume) return volume.certificate;
  if ('room' in volume) return volume.room;
  if ('files' in volume) return volume.files;
  return 'claim' in volume ? volume.claim : volume.apiToken;
}

/** The volumes of containers, every one once; claim templates belong to the StatefulSet. */
export function volumesOf(containers: readonly Container[]): { volumes?: k8s.Volume[] } {
  const found = new Map<string, k8s.Volume>();
  for (const { volume } of containers.flatMap(({ mounts = [] }) => mounts)) {
    const name = volumeName(volume);
    // Containers that share a folder name it once; the first to do so is the one that needs it most.
    if (found.has(name) || ('claim' in volume && volume.template)) continue;
    found.set(name, { name, ...source(volume) });
  }
  return found.size > 0 ? { volumes: [...found.values()] } : {};
}

function source(volume: Volume): Omit<k8s.Volume, 'name'> {
  if ('scratch' in volume) {
    const { sizeMiB, inMemory } = volume;
    if (sizeMiB > ephemeralStorageMiB && !inMemory) {
      throw new Error(
        `expected scratch volume ${volume.scratch} to fit ${ephemeralStorageMiB} MiB, got ${sizeMiB} MiB`,
      );
    }
    return { emptyDir: { sizeLimit: quantity(`${sizeMiB}Mi`), ...(inMemory && { medium: 'Memory' }) } };
  }
  if ('certificate' in volume) {
    const { certificate, names } = volume;
    const items = names && Object.entries(names).map(([key, path]) => ({ key, path }));
    // Root's own, readable by the group of the pod alone: what PostgreSQL and its clients ask of a key (TDA-07).
    return { secret: { secretName: certificate, defaultMode: 0o440, ...(items && { items }) } };
  }
  if ('files' in volume) {
    return { configMap: { name: volume.files, ...(volume.executable && { defaultMode: 0o555 }) } };
  }
  if ('room' in volume) {
    const { storage, storageClass } = volume;
    const spec = {
      accessModes: ['ReadWriteOnce'],
      ...(storageClass && { storageClassName: storageClass }),
      resources: { requests: { storage: quantity(storage) } },
    };
    return { ephemeral: { volumeClaimTemplate: { spec } } };
  }
  if ('claim' in volume) return { persistentVolumeClaim: { claimName: volume.claim } };
  // A token that only this pod has, in the place where clients look for it.
  return {
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardApi: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  };
}

/** Fingerprints of the files that containers mount: when one changes, so must the pod. */
export const revisionsOf = (containers: readonly Container[]): string[] =>
  containers.flatMap(({ mounts = [] }) =>
    mounts.flatMap(({ volume }) => ('files' in volume && volume.revision ? [volume.revision] : [])),
  );

/** A volume of one node at a time: pods that share it must stand there together. */
export const standTogether = (containers: readonly Container[]): boolean =>
  containers.some(({ mounts = [] }) => mounts.some(({ volume }) => 'claim' in volume && volume.oneNode === true));
