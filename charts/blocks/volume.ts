import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { backupAnnotations, type BackupPlan } from './backup';
import type { Mount } from './container';
import { metadata } from './labels';
import { Platform } from './platform';
import { quantity } from './quantity';

export interface VolumeProps {
  /** `20Gi` */
  readonly storage: string;
  readonly accessMode: 'ReadWriteOnce' | 'ReadWriteMany';
  /** @default - the cluster's, as for databases */
  readonly storageClass?: string | undefined;
  /** @default - can be made again: no backup */
  readonly backup?: BackupPlan;
}

/** A persistent claim of a stateless service: its name is a contract, a new name is an empty volume. */
export class PersistentVolume extends Construct {
  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: VolumeProps,
  ) {
    super(scope, id);
    const { capacity, settings } = Platform.of(this);
    const storageClassName = props.storageClass ?? settings.cluster.storageClass;
    capacity.claim(props.storage, 1);
    new k8s.KubePersistentVolumeClaim(this, 'claim', {
      metadata: metadata(id, {
        component: 'storage',
        ...(props.backup && { annotations: backupAnnotations(this, props.backup) }),
      }),
      spec: {
        accessModes: [props.accessMode],
        ...(storageClassName && { storageClassName }),
        resources: { requests: { storage: quantity(props.storage) } },
      },
    });
  }

  /** Mounts it; the pods that share a ReadWriteOnce volume stand on one node (GOV-16). */
  at(path: string, { readOnly = false } = {}): Mount {
    return { path, volume: { claim: this.id, oneNode: this.props.accessMode === 'ReadWriteOnce' }, readOnly };
  }
}
