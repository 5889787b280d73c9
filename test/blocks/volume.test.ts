import { PersistentVolume, type VolumeProps } from '../../charts/blocks/volume';
import { everyPropReachesTheOutput, object, platform, service } from '../support/testing';

describe('a volume with every prop', () => {
  const build = () => {
    const school = platform();
    const props: Required<VolumeProps> = { storage: '20Gi', accessMode: 'ReadWriteMany' };
    new PersistentVolume(school, 'models', props);
    return school;
  };
  everyPropReachesTheOutput<VolumeProps>(build, {
    storage: ['PersistentVolumeClaim/models', 'spec.resources.requests.storage', '20Gi'],
    accessMode: ['PersistentVolumeClaim/models', 'spec.accessModes', ['ReadWriteMany']],
  });
});

test('PHY-07 a service mounts the volume by its name', () => {
  const school = platform();
  const models = new PersistentVolume(school, 'models', { storage: '1Gi', accessMode: 'ReadWriteMany' });
  service(school, 'engine', { mounts: [models.at('/app/models')] });
  const { spec } = object(school, 'Deployment/engine').spec.template;
  expect(spec.containers[0].volumeMounts).toContainEqual({ name: 'models', mountPath: '/app/models' });
  expect(spec.volumes).toContainEqual({ name: 'models', persistentVolumeClaim: { claimName: 'models' } });
});

test('PHY-23 the storage class of the settings is that of the claim', () => {
  const cluster = { domain: 'cluster.local', apiServer: ['10.0.0.0/8'], storageClass: 'encrypted' };
  const school = platform({ cluster });
  new PersistentVolume(school, 'models', { storage: '1Gi', accessMode: 'ReadWriteOnce' });
  expect(object(school, 'PersistentVolumeClaim/models').spec.storageClassName).toBe('encrypted');
});

test("without a storage class the cluster's default is left to the cluster", () => {
  const school = platform();
  new PersistentVolume(school, 'models', { storage: '1Gi', accessMode: 'ReadWriteOnce' });
  expect(object(school, 'PersistentVolumeClaim/models').spec).not.toHaveProperty('storageClassName');
});

test('scratch space larger than a container may use is refused', () => {
  const school = platform();
  const mounts = [{ path: '/cache', volume: { scratch: 'cache', sizeMiB: 300 } }];
  expect(() => service(school, 'api', { mounts })).toThrow(
    new Error('expected scratch volume cache to fit 256 MiB, got 300 MiB'),
  );
});
