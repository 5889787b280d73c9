/* Parts of settings that may be wrong anywhere: nothing is taken for granted about them. */

export type Part = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Part => typeof value === 'object' && value !== null;

/** The platforms: what has a public name and says who may call it from a browser. */
export const platformsIn = (input: unknown): [key: string, platform: Part][] =>
  Object.entries(isObject(input) ? input : {}).flatMap(([key, value]) =>
    isObject(value) && 'domain' in value && 'corsOrigins' in value ? [[key, value]] : [],
  );

export interface ServicePart {
  readonly key: string;
  readonly replicas: { readonly min?: unknown; readonly max?: unknown };
  readonly gpu?: { readonly class?: unknown };
  readonly volumes: readonly [name: string, volume: { readonly accessMode?: unknown }][];
}

/** Everything that has replicas, wherever it stands. */
export function servicesIn(value: unknown, path: readonly string[] = []): ServicePart[] {
  if (!isObject(value)) return [];
  const volumes = Object.entries(value).filter(([, part]) => isObject(part) && 'accessMode' in part);
  const own = isObject(value.replicas) ? [{ ...value, key: path.join('.'), volumes } as unknown as ServicePart] : [];
  return [...own, ...Object.entries(value).flatMap(([key, part]) => servicesIn(part, [...path, key]))];
}
