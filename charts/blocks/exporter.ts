import type { Container } from './container';
import type { Variables } from './environment';
import { burstable } from './quantity';

export interface ExporterProps {
  readonly image: string;
  readonly port: number;
  /** Answers 200 while the exporter runs, whatever its server does. */
  readonly healthPath: string;
  /** Where the server is and who asks: over the loopback address, for the pod is its own neighbour. */
  readonly variables: Variables;
}

/** A container beside a server that turns its statistics into metrics (ALL-19). */
export const exporter = ({ image, port, healthPath, variables }: ExporterProps): Container => ({
  name: 'exporter',
  image,
  variables,
  ports: { metrics: port },
  probes: {
    // The pod is ready with the last of its containers: a server that is back must not wait for this one, nor leave its
    // Service because this one is slow.
    readiness: { check: { http: healthPath, port: 'metrics' }, periodSeconds: 2, failures: 30 },
    liveness: { check: { tcp: 'metrics' }, periodSeconds: 20 },
  },
  resources: { cpu: '100m', memory: '64Mi' },
  share: burstable,
});
