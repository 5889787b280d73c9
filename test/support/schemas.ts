import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import customResources from '../../imports/schemas.json';

/** Kubernetes versions whose strict schemas lie in test/schemas. */
export const kubernetesVersions = ['1.27', '1.30', '1.33', '1.34', '1.36'] as const;
export type KubernetesVersion = (typeof kubernetesVersions)[number];

type Validator = (object: unknown) => string[];
const validators = new Map<KubernetesVersion, Validator>();

/**
 * All that a Kubernetes API server of `version` would refuse in an object for its form, as messages such as
 * `Deployment/agents-api: /spec/replicas must be integer`. Custom resources are checked with imports/schemas.json.
 */
export function validator(version: KubernetesVersion): Validator {
  const validate = validators.get(version) ?? create(version);
  validators.set(version, validate);
  return validate;
}

function create(version: KubernetesVersion): Validator {
  const file = join(__dirname, '../schemas', `k8s-${version}.json.gz`);
  // The schemas are generated: to check or to optimise them would take longer than to use them.
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, validateSchema: false, code: { optimize: false } });
  ajv.addSchema(JSON.parse(gunzipSync(readFileSync(file)).toString()) as object, 'kubernetes');
  ajv.addSchema(customResources, 'custom');

  return (object) => {
    const { apiVersion, kind, metadata } = (object ?? {}) as Partial<Record<string, unknown>>;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string')
      return [`expected an object with \`apiVersion\` and \`kind\`, got ${JSON.stringify(object)}`];
    const name = `${kind}/${(metadata as { name?: string } | undefined)?.name ?? '?'}`;
    const check = schemaOf(ajv, `${apiVersion}/${kind}`);
    if (!check)
      return [`${name}: expected a kind of Kubernetes ${version} or of imports/schemas.json, got ${apiVersion}`];
    check(object);
    return (check.errors ?? []).map((error) => `${name}: ${messageOf(error)}`);
  };
}

/** The schema of a kind, compiled when its first object comes. */
function schemaOf(ajv: Ajv, kind: string): ValidateFunction | undefined {
  const pointer = `#/definitions/${kind.replaceAll('/', '~1')}`;
  return ajv.getSchema(`kubernetes${pointer}`) ?? ajv.getSchema(`custom${pointer}`);
}

function messageOf({ instancePath, keyword, message, params }: ErrorObject): string {
  if (keyword === 'additionalProperties') return `${instancePath}/${params['additionalProperty']} is not a known field`;
  const values = keyword === 'enum' ? `: ${params['allowedValues'].join(', ')}` : '';
  return `${instancePath} ${message}${values}`.trimStart();
}
