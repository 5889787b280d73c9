import { Scaling, type ScalingProps } from '../../charts/blocks/scaling';
import { everyPropReachesTheOutput, labelsOf, object, platform } from '../support/testing';

const props: Required<ScalingProps> = {
  component: 'api',
  replicas: { min: 2, max: 6 },
  size: { cpu: '1.5', memory: '2Gi' },
  selector: { app: 'agents' },
};
const build = () => {
  const school = platform();
  new Scaling(school, 'api', props);
  return school;
};

describe('scaling with every prop', () => {
  everyPropReachesTheOutput<ScalingProps>(build, {
    component: ['HorizontalPodAutoscaler/api', ['metadata', 'labels', 'app.kubernetes.io/component'], 'api'],
    replicas: ['HorizontalPodAutoscaler/api', 'spec', expect.objectContaining({ minReplicas: 2, maxReplicas: 6 })],
    size: ['HorizontalPodAutoscaler/api', 'spec.metrics.0.resource.target.averageValue', '1050m'],
    selector: ['PodDisruptionBudget/api', 'spec.selector', { matchLabels: { app: 'agents' } }],
  });
});

test('ALL-08 the autoscaler keeps CPU at seven and memory at eight tenths of the limit', () => {
  expect(object(build(), 'HorizontalPodAutoscaler/api').spec.metrics).toEqual([
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '1050m' } } },
    { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1638Mi' } } },
  ]);
});

test('ALL-08 the autoscaler moves the Deployment of the same name', () => {
  expect(object(build(), 'HorizontalPodAutoscaler/api').spec.scaleTargetRef).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'api',
  });
});

test('ALL-09 one pod at a time may be evicted, also a broken one', () => {
  expect(object(build(), 'PodDisruptionBudget/api').spec).toMatchObject({
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  });
});

test('ALL-08 equal bounds have a budget but no autoscaler', () => {
  const school = platform();
  new Scaling(school, 'api', { ...props, replicas: { min: 3, max: 3 } });
  expect(labelsOf(school)).toContain('PodDisruptionBudget/api');
  expect(labelsOf(school)).not.toContain('HorizontalPodAutoscaler/api');
});

test('a minimum above the maximum is refused', () => {
  expect(() => new Scaling(platform(), 'api', { ...props, replicas: { min: 4, max: 2 } })).toThrow(
    new Error('expected `replicas.min` of api not to be above its maximum 2, got 4'),
  );
});
