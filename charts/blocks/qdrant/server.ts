import type { Container } from '../container';
import { guaranteed, type Resources } from '../quantity';
import type { SecretKey } from '../secrets';

/** What clients use: HTTP. gRPC (6334) listens as well, but no policy opens it, for no document asks for it. */
export const port = 6333;

/** Metrics at a port of their own: at the clients' port they would ask every scraper for the API key. */
export const metrics = { port: 6336, path: '/metrics' };

/** User number of the `-unprivileged` image. */
export const user = 1000;

const storage = '/qdrant/storage';

/** From these on, writes are refused with status 507; searches and deletions go on. In percent. */
const fullAt = { memory: 80, disk: 90 };

export interface ServerProps {
  readonly image: string;
  readonly apiKey: SecretKey;
  readonly claim: string;
  readonly size: Resources;
}

/** The server itself; settings are variables `QDRANT__SECTION__KEY`, so there is no file to mount. */
export const server = ({ image, apiKey, claim, size }: ServerProps): Container => ({
  name: 'server',
  image,
  // Not the image's script: a shell that ends on the stop signal takes the server down before it has flushed.
  command: ['/qdrant/qdrant'],
  variables: {
    QDRANT__SERVICE__API_KEY: apiKey,
    QDRANT__SERVICE__HTTP_PORT: `${port}`,
    QDRANT__SERVICE__METRICS_PORT: `${metrics.port}`,
    // No browser comes here, so neither its rules nor the dashboard are needed.
    QDRANT__SERVICE__ENABLE_CORS: 'false',
    QDRANT__SERVICE__ENABLE_STATIC_CONTENT: 'false',
    // Or whoever holds the key could make the server fetch any address.
    QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY: 'false',
    QDRANT__STORAGE__STORAGE_PATH: storage,
    // A snapshot is as large as its collection: too large for scratch space, and a restart must not lose it.
    QDRANT__STORAGE__SNAPSHOTS_PATH: `${storage}/snapshots`,
    // Vectors and graphs are mapped files, which the kernel drops when memory is short. What the server holds for
    // good (indexes of payloads, quantised vectors) could reach the limit and be killed: it refuses writes before.
    QDRANT__STORAGE__QUOTAS__ENABLED: 'true',
    QDRANT__STORAGE__QUOTAS__MAX_RESIDENT_MEMORY_PERCENT: `${fullAt.memory}`,
    QDRANT__STORAGE__QUOTAS__MAX_DISK_USAGE_PERCENT: `${fullAt.disk}`,
    QDRANT__TELEMETRY_DISABLED: 'true',
    // Written at the start, by default beside the program, where nothing can be written.
    QDRANT_INIT_FILE_PATH: '/qdrant/init/.qdrant-initialized',
  },
  ports: { http: port, metrics: metrics.port },
  probes: {
    // It listens when all collections are loaded: minutes, for large ones. The probes need no key.
    startup: { check: { http: '/readyz', port: 'http' }, periodSeconds: 5, failures: 240 },
    readiness: { check: { http: '/readyz', port: 'http' } },
    liveness: { check: { tcp: 'http' }, periodSeconds: 20, failures: 6 },
  },
  mounts: [
    { path: storage, volume: { claim, template: true } },
    { path: '/qdrant/init', volume: { scratch: 'init', sizeMiB: 1 } },
    { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 64 } },
  ],
  resources: size,
  share: guaranteed,
});
