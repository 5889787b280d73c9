import { PersistentVolume, type VolumeProps } from '../../charts/blocks/volume';
import { everyPropReachesTheOutput, object, platform, service } from '../support/testing';

const bucket = { kind: 's3', bucket: 'school', endpoint: 'https://s3.school.edu', region: 'eu-1' } as const;

describe('a volume with every prop', () => {
  const build = () => {
    const school = platform();
    const props: Required<VolumeProps> = {
      storage: '20Gi',
      accessMode: 'ReadWriteMany',
      storageClass: 'shared',
      backup: { schedule: '0 3 * * *', retentionDays: 9, destinations: [bucket] },
    };
    new PersistentVolume(school, 'models', props);
    return school;
  };
  everyPropReachesTheOutput<VolumeProps>(build, {
    storage: ['PersistentVolumeClaim/models', 'spec.resources.requests.storage', '20Gi'],
    accessMode: ['PersistentVolumeClaim/models', 'spec.accessModes', ['ReadWriteMany']],
    storageClass: ['PersistentVolumeClaim/models', 'spec.storageClassName', 'shared'],
    backup: [
      'PersistentVolumeClaim/models',
      'metadata.annotations',
      {
        'slipway.dev/backup-schedule': '0 3 * * *',
        'slipway.dev/backup-retention-days': '9',
        'slipway.dev/backup-destination': 's3://school',
      },
    ],
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

test('HWO-02 a folder that is only read is mounted so', () => {
  const school = platform();
  const models = new PersistentVolume(school, 'models', { storage: '1Gi', accessMode: 'ReadWriteMany' });
  service(school, 'engine', { mounts: [models.at('/app/models', { readOnly: true })] });
  const { spec } = object(school, 'Deployment/engine').spec.template;
  expect(spec.containers[0].volumeMounts).toContainEqual({ name: 'models', mountPath: '/app/models', readOnly: true });
});

test('GOV-16 two replicas on a volume of one node are refused', () => {
  const school = platform();
  const documents = new PersistentVolume(school, 'documents', { storage: '1Gi', accessMode: 'ReadWriteOnce' });
  const size = { cpu: '1', memory: '1Gi', replicas: { min: 1, max: 2 } };
  expect(() => service(school, 'api', { size, mounts: [documents.at('/uploads')] })).toThrow(
    new Error(
      'expected `replicas.max` of api to be 1 while its volume is ReadWriteOnce, got 2: ' +
        'choose ReadWriteMany or object storage',
    ),
  );
});

test('PHY-29 a backup to a bucket asks for its keys', () => {
  const school = platform();
  const backup = { schedule: '0 2 * * *', retentionDays: 1, destinations: [bucket] };
  new PersistentVolume(school, 'documents', { storage: '1Gi', accessMode: 'ReadWriteMany', backup });
  const inventory = object(school, 'ConfigMap/secret-inventory').data?.['inventory.json'];
  expect(inventory).toContain('S3_ACCESS_KEY_ID');
  expect(inventory).toContain('S3_SECRET_ACCESS_KEY');
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
