import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { metadata } from '../labels';

const folder = join(__dirname, 'server');

/** Name of the ConfigMap that holds the rehearsal server, and of the volume that mounts it. */
export const rehearsalFiles = 'rehearsal';

/** The sources of the rehearsal server by file name, as they are mounted at /rehearsal. */
export const rehearsalSources = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );

/**
 * A small server that stands in for application images that do not exist yet: it answers the documented paths and
 * opens every declared connection with the real protocol and credentials. Plain Node, mounted from a ConfigMap.
 */
export class Rehearsal extends Construct {
  readonly sources = rehearsalSources();

  constructor(scope: Construct, id: string) {
    super(scope, id);
    new k8s.KubeConfigMap(this, 'server', {
      metadata: metadata(rehearsalFiles, { component: 'rehearsal' }),
      data: this.sources,
    });
  }
}
