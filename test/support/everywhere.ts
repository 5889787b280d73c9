import { platformNames, type PlatformName } from '../../charts/platforms';
import { environments, manifestsOfPlatform, type Environment, type Manifest } from './manifests';

/** One platform in one environment, as it stands in the committed output. */
export interface Place {
  readonly environment: Environment;
  readonly platform: PlatformName;
  /** By the rule of the house, not read from the output. */
  readonly namespace: string;
  readonly objects: readonly Manifest[];
}

export const namespaceOf = (environment: Environment, platform: PlatformName): string =>
  environment === 'production' ? platform : `${platform}-${environment}`;

/** Every platform in every environment: what is tested everywhere grows with the list of platforms. */
export const everywhere: readonly Place[] = environments.flatMap((environment) =>
  platformNames.map((platform) => ({
    environment,
    platform,
    namespace: namespaceOf(environment, platform),
    objects: manifestsOfPlatform(environment, platform),
  })),
);

/** The places of one environment. */
export const placesOf = (environment: Environment): Place[] =>
  everywhere.filter((place) => place.environment === environment);
