import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { stringify } from 'yaml';
import type { Mount } from './container';
import { metadata, unclaimed } from './labels';
import { fingerprint } from './pod';

/**
 * Configuration of an application as files, by name: texts as they are, anything else as YAML. A change replaces the
 * pods that mount them (TDA-10, TDA-15).
 */
export class Configuration extends Construct {
  private readonly files: Readonly<Record<string, string>>;

  constructor(
    scope: Construct,
    private readonly id: string,
    files: Readonly<Record<string, string | object>>,
  ) {
    super(scope, unclaimed(scope, id));
    const text = (content: string | object) => (typeof content === 'string' ? content : stringify(content));
    this.files = Object.fromEntries(Object.entries(files).map(([name, content]) => [name, text(content)]));
    new k8s.KubeConfigMap(this, 'files', {
      metadata: metadata(id, { component: 'configuration' }),
      data: { ...this.files },
    });
  }

  /** Mounts the files into a folder, read-only. */
  at(path: string): Mount {
    const revision = fingerprint(...Object.entries(this.files).flat());
    return { path, volume: { files: this.id, revision } };
  }
}
