import { Construct } from 'constructs';
import { Configuration } from '../../configuration';
import type { Container, Mount } from '../../container';
import type { Variables } from '../../environment';
import { burstable } from '../../quantity';
import { memberFiles, port, stanza, type BackupLayout } from './configuration';
import { archiveFiles, serveFile } from './scripts';

const server = '/etc/pgbackrest/server.conf';

/** A container that serves with pgBackRest: nothing but TLS, and nobody but those whom the configuration names. */
export const serving = (image: string, configuration: string, mounts: readonly Mount[]): Container => ({
  name: 'pgbackrest',
  image,
  command: ['bash', '/etc/pgbackrest/serve.sh'],
  variables: { PGBACKREST_CONFIG: configuration, LANG: 'C.UTF-8' },
  ports: { pgbackrest: port },
  probes: {
    // The pod is ready with the last of its containers: a primary that is back must not wait for this one.
    readiness: { check: { tcp: 'pgbackrest' }, periodSeconds: 2 },
    liveness: { check: { command: ['pgbackrest', 'server-ping', '--log-level-console=error'] }, periodSeconds: 20 },
  },
  mounts: [...mounts, { path: '/tmp', volume: { scratch: 'pgbackrest-tmp', sizeMiB: 16 } }],
  // Idle but for the hour of a backup, when it reads and compresses.
  resources: { cpu: '1', memory: '256Mi', reserved: { cpu: '25m', memory: '32Mi' } },
  share: burstable,
});

/** What a member of the cluster needs for its backup: files, variables, and a container beside the server. */
export class MemberBackup extends Construct {
  /** For the container that runs PostgreSQL, and for no other: passphrases and keys of the repositories. */
  readonly variables: Variables;
  private readonly files: Configuration;

  constructor(scope: Construct, id: string, layout: BackupLayout, secrets: Variables) {
    super(scope, id);
    this.variables = { ...secrets, PGBACKREST_STANZA: stanza };
    this.files = new Configuration(this, id, { ...memberFiles(layout), ...archiveFiles, ...serveFile });
  }

  /** For the container that runs PostgreSQL, and for the one beside it. */
  get mount(): Mount {
    return this.files.at('/etc/pgbackrest');
  }

  /** @param mounts of the server: data, socket and certificate */
  sidecar(image: string, mounts: readonly Mount[]): Container {
    return serving(image, server, [...mounts, this.mount]);
  }
}
