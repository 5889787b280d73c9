import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { Configuration } from '../../configuration';
import type { Mount } from '../../container';
import { Deployment } from '../../deployment';
import { metadata } from '../../labels';
import { Platform } from '../../platform';
import { PersistentVolume } from '../../volume';
import { port, repositoryFiles, repositoryFolder, type BackupLayout } from './configuration';
import { serving } from './member';
import { serveFile } from './scripts';

export interface RepositoryHostProps {
  readonly image: string;
  readonly user: number;
  /** `200Gi` */
  readonly storage: string;
  /** @default - the cluster's, as for databases */
  readonly storageClass?: string | undefined;
  readonly layout: BackupLayout;
  /** Certificate of the host, at /tls. */
  readonly tls: Mount;
  /** The workload whose pods bring their write-ahead log. */
  readonly server: string;
}

/**
 * A volume for backups, and the pod that takes write-ahead log into it. What arrives is encrypted: nothing here can read
 * it, or needs a passphrase.
 */
export class RepositoryHost extends Construct {
  /** The claim, for the Jobs that write backups into it. */
  readonly mount: Mount;

  constructor(scope: Construct, id: string, props: RepositoryHostProps) {
    super(scope, id);
    const { image, user, storage, storageClass, layout, tls, server } = props;
    const component = 'backup';
    this.mount = new PersistentVolume(this, id, { storage, storageClass, accessMode: 'ReadWriteOnce' }).at(
      repositoryFolder,
    );
    const files = new Configuration(this, `${id}-configuration`, { ...repositoryFiles(layout), ...serveFile });
    const mounts = [this.mount, files.at('/etc/pgbackrest'), tls];
    const { selector } = new Deployment(this, id, {
      component,
      // A primary that leaves the same node hands over when its last segment is here.
      containers: [{ ...serving(image, '/etc/pgbackrest/pgbackrest.conf', mounts), preStop: ['sleep', '10'] }],
      user,
      priority: 'data',
      replicas: { min: 1, max: 1 },
    });
    new k8s.KubeService(this, 'service', {
      metadata: metadata(id, { component }),
      spec: {
        type: 'ClusterIP',
        selector,
        ports: [{ name: 'pgbackrest', port, targetPort: k8s.IntOrString.fromString('pgbackrest'), protocol: 'TCP' }],
      },
    });
    Platform.of(this).network.connect(server, id, port);
  }
}
