import { App } from 'cdk8s';
import { addPlatforms, type PlatformName } from '../../charts/platforms';
import { allSettings, type EnvironmentName, type Settings } from '../../config';
import {
  find,
  manifestsOfPlatform,
  podsOf,
  withoutFingerprint,
  type ContainerManifest,
  type Environment,
  type Manifest,
} from './manifests';

/** A secret's key as the inventory describes it. */
export interface SecretRule {
  readonly key: string;
  readonly origin: 'generated' | 'provided';
  readonly characters: number;
  readonly minimum: number;
  readonly exact: boolean;
  readonly optional?: boolean;
}

/** Objects of the committed output by their environment, or those that a test has synthesised. */
export type Where = Environment | readonly Manifest[];

/** What the tests of a platform's page read: its objects in each environment, and the parts that guides speak of. */
export function page(platform: PlatformName) {
  const committed = new Map<Environment, Manifest[]>();
  const objects = (environment: Environment): Manifest[] => {
    const known = committed.get(environment) ?? manifestsOfPlatform(environment, platform);
    committed.set(environment, known);
    return known;
  };
  const read = (where: Where): readonly Manifest[] => (typeof where === 'string' ? objects(where) : where);

  /** The main container of a workload; Jobs may be named without their fingerprint. */
  const main = (name: string, where: Where = 'production'): ContainerManifest => {
    const pod = podsOf(read(where)).find(({ owner: { metadata } }) =>
      [metadata.name, withoutFingerprint(metadata.name)].includes(name),
    );
    if (!pod) throw new Error(`expected a workload \`${name}\` of ${platform}, got none`);
    return pod.template.spec.containers[0];
  };

  return {
    /** The committed objects of an environment. */
    objects,
    main,

    /** Variables of a workload: texts as they are, secrets as `secret/key`. */
    variables: (name: string, where: Where = 'production'): Record<string, string> => variablesOf(main(name, where)),

    /** The inventory's rules for secrets, by `secret/key`. */
    inventory(where: Where = 'production'): Record<string, SecretRule> {
      const text = find(read(where), 'ConfigMap', 'secret-inventory').data?.['inventory.json'] ?? '{}';
      const { secrets } = JSON.parse(text) as { secrets: { name: string; keys: SecretRule[] }[] };
      return Object.fromEntries(secrets.flatMap(({ name, keys }) => keys.map((rule) => [`${name}/${rule.key}`, rule])));
    },

    /** nginx.conf of the gateway. */
    nginxConf: (where: Where = 'production'): string =>
      find(read(where), 'ConfigMap', 'gateway').data?.['nginx.conf'] ?? '',

    /** The page with other settings, without a file. */
    synthesise(environment: EnvironmentName, change: (settings: Settings) => Settings): Manifest[] {
      const [settings] = allSettings().filter((candidate) => candidate.environment === environment);
      if (!settings) throw new Error(`expected settings of ${environment}`);
      const app = new App();
      addPlatforms(app, change(settings), [platform]);
      return app.charts.flatMap((chart) => chart.toJson() as Manifest[]);
    },
  };
}

/** Variables of a container: texts as they are, secrets as `secret/key`, of the pod itself as the path of its field. */
export const variablesOf = ({ env = [] }: ContainerManifest): Record<string, string> =>
  Object.fromEntries(
    env.map(({ name, value, valueFrom = {} }) => {
      const { secretKeyRef, fieldRef } = valueFrom as {
        secretKeyRef?: { name: string; key: string };
        fieldRef?: { fieldPath: string };
      };
      return [name, value ?? (secretKeyRef ? `${secretKeyRef.name}/${secretKeyRef.key}` : (fieldRef?.fieldPath ?? ''))];
    }),
  );

/** Every secret that containers read, as `secret/key`. */
export const secretsOf = (containers: readonly ContainerManifest[]): string[] => [
  ...new Set(
    containers.flatMap(({ env = [] }) =>
      env.flatMap(({ valueFrom }) =>
        valueFrom?.secretKeyRef ? [`${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`] : [],
      ),
    ),
  ),
];
