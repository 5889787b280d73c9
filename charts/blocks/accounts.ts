import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import type { Container } from './container';
import { Job } from './job';
import { metadata } from './labels';
import { Platform } from './platform';

export interface AccountsProps {
  /** Name of the file that declares the accounts, as the container finds it in /accounts. */
  readonly file: string;
  /** Its text; complete when all clients are declared. It holds no password. */
  readonly text: () => string;
  /** What applies the file. */
  readonly container: Container;
  readonly user: number;
  /** Port of the database. */
  readonly port: number;
}

/**
 * The Job that brings the accounts of a database to what is declared. A new client changes the file and so makes a new
 * Job; it can run as often as it likes (PHY-22).
 */
export class Accounts extends Construct {
  constructor(scope: Construct, database: string, props: AccountsProps) {
    super(scope, 'accounts');
    const id = `${database}-accounts`;
    const component = 'database';
    new k8s.KubeConfigMap(this, 'file', {
      metadata: metadata(id, { component }),
      data: { [props.file]: Lazy.any({ produce: props.text }) },
    });
    const mounts = [...(props.container.mounts ?? []), { path: '/accounts', volume: { files: id } }];
    new Job(this, id, {
      component,
      containers: [{ ...props.container, mounts }],
      user: props.user,
      // Its secrets and its database may come hours after it.
      deadlineSeconds: 6 * 3600,
      restartOn: () => [props.text()],
    });
    Platform.of(this).network.connect(id, database, props.port);
  }
}
