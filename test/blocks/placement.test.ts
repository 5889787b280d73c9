import { environment, object, platform, service } from '../support/testing';

const tesla = {
  resource: 'nvidia.com/gpu',
  nodeSelector: { 'nvidia.com/gpu.product': 'Tesla-T4' },
  taint: { key: 'nvidia.com/gpu' },
};
const gpuClasses = { tesla, rtx: { ...tesla, taint: { key: 'dedicated', value: 'gpu' } } };
const school = (props: object) => {
  const scope = platform({ cluster: { ...environment.cluster, gpuClasses } });
  service(scope, 'engine', props);
  return scope;
};
const pod = (props: object) => object(school(props), 'Deployment/engine').spec.template.spec;

test('HWO-10 a GPU is a device of the container, asked for as it is limited', () => {
  const [{ resources }] = pod({ gpu: { class: 'tesla', count: 2 } }).containers;
  expect([resources.requests['nvidia.com/gpu'], resources.limits['nvidia.com/gpu']]).toEqual(['2', '2']);
});

test('HWO-10 a GPU leads the pod to the nodes that have it, and past what keeps others off', () => {
  expect(pod({ gpu: { class: 'tesla', count: 1 } })).toMatchObject({
    nodeSelector: { 'nvidia.com/gpu.product': 'Tesla-T4' },
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  });
  expect(pod({ gpu: { class: 'rtx', count: 1 } }).tolerations).toEqual([
    { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
  ]);
});

test('HWO-10 without a GPU a pod asks for none and tolerates nothing', () => {
  const { containers, nodeSelector, tolerations } = pod({});
  expect(Object.keys(containers[0].resources.limits).sort()).toEqual(['cpu', 'ephemeral-storage', 'memory']);
  expect([nodeSelector, tolerations]).toEqual([undefined, undefined]);
});

test('PHY-24 the quota holds the GPUs of all pods and of a rollout', () => {
  const size = { cpu: '1', memory: '1Gi', replicas: { min: 1, max: 3 } };
  const { hard } = object(school({ gpu: { class: 'tesla', count: 2 }, size }), 'ResourceQuota/quota').spec;
  expect(hard['requests.nvidia.com/gpu']).toBe('8');
});

test('HWO-10 a class that the cluster has not is refused with those that it has', () => {
  expect(() => school({ gpu: { class: 'h100', count: 1 } })).toThrow(
    new Error(
      'expected `gpu.class` of engine to be one of the cluster\'s classes (tesla, rtx), got "h100": ' +
        'describe it in `cluster.gpuClasses`',
    ),
  );
});

test('HWO-19 labels of nodes are asked for', () => {
  const nodeSelector = { 'feature.node.kubernetes.io/cpu-cpuid.AVX2': 'true' };
  expect(pod({ nodeSelector }).nodeSelector).toEqual(nodeSelector);
});
