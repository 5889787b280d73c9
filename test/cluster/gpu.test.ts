import type { Construct } from 'constructs';
import { Platform } from '../../charts/blocks/platform';
import { Service } from '../../charts/blocks/service';
import type { Settings } from '../../config';
import type { Manifest } from '../support/manifests';
import { json, kubectl, list, ready, remove, requireCluster, written } from './support';

jest.setTimeout(300_000);

const namespace = 'observatory-development';
/** No device stands behind it: a node may promise whatever its administrator says, and the scheduler counts it. */
const tesla = {
  resource: 'nvidia.com/gpu',
  nodeSelector: { 'slipway.test/gpu': 'tesla' },
  taint: { key: 'slipway.test/gpu' },
};
const path = '/status/capacity/nvidia.com~1gpu';

class Observatory extends Platform {
  constructor(scope: Construct, settings: Settings) {
    super(scope, 'observatory', settings);
    const engine = (id: string, gpu?: { class: string; count: number }) =>
      new Service(this, id, {
        component: 'analytics',
        image: 'ghcr.io/observatory/engine:1.0.0',
        port: 8000,
        size: { cpu: '250m', memory: '128Mi', replicas: { min: 1, max: 1 } },
        gpu,
      });
    engine('with-gpu', { class: 'tesla', count: 1 });
    engine('without');
  }
}

let node: string;
const patch = (...operations: object[]) =>
  kubectl('patch', 'node', node, '--subresource=status', '--type=json', '-p', JSON.stringify(operations));
const nodeOf = async (name: string) =>
  (await list('pods', namespace)).find(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === name)?.spec
    .nodeName as string;

beforeAll(async () => {
  await requireCluster({ nodes: 2 });
  const { items } = await json<{ items: Manifest[] }>('get', 'nodes');
  node = items[0]?.metadata.name ?? '';
  await remove(namespace);
  await kubectl('label', 'node', node, '--overwrite', 'slipway.test/gpu=tesla');
  await kubectl('taint', 'node', node, '--overwrite', 'slipway.test/gpu=:NoSchedule');
  await patch({ op: 'add', path, value: '1' });
  const folder = written(
    'development',
    (settings) => ({ ...settings, cluster: { ...settings.cluster, gpuClasses: { tesla } } }),
    (app, settings) => new Observatory(app, settings),
  );
  await kubectl('apply', '-f', folder);
});
afterAll(async () => {
  await remove(namespace);
  if (!node) return;
  await kubectl('taint', 'node', node, 'slipway.test/gpu-');
  await kubectl('label', 'node', node, 'slipway.test/gpu-');
  await patch({ op: 'remove', path });
});

test('HWO-10 a service with a GPU runs on the node that has one, past the taint that keeps others off', async () => {
  await ready(namespace, 120);
  expect(await nodeOf('with-gpu')).toBe(node);
  expect(await nodeOf('without')).not.toBe(node);
});

test('HWO-10 PHY-24 the quota counts the GPUs', async () => {
  const { status } = await json<{ status: Record<string, Record<string, string>> }>(
    'get',
    'quota/quota',
    '-n',
    namespace,
  );
  expect([status.used?.['requests.nvidia.com/gpu'], status.hard?.['requests.nvidia.com/gpu']]).toEqual(['1', '2']);
});
