import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Definitions, refTo, type Schema, SCALARS, wholeObject } from '../../imports/schema';

/** The part of a jsii assembly that we read: every type of cdk8s-plus with its Kubernetes name in `docs.custom.schema`. */
interface Assembly {
  readonly compression?: 'gzip';
  readonly filename?: string;
  readonly types: Readonly<Record<string, AssemblyType>>;
}
interface Documented {
  readonly docs?: { readonly custom?: { readonly schema?: string } };
}
interface AssemblyType extends Documented {
  readonly fqn: string;
  readonly kind: 'class' | 'interface' | 'enum';
  readonly properties?: readonly (Documented & { name: string; optional?: boolean; type: TypeReference })[];
  readonly initializer?: { readonly parameters?: readonly { readonly name: string; readonly type: TypeReference }[] };
}
interface TypeReference {
  readonly primitive?: string;
  readonly collection?: { readonly kind: 'array' | 'map'; readonly elementtype: TypeReference };
  readonly fqn?: string;
}

/** Strict definitions of all kinds of the Kubernetes version that an unpacked cdk8s-plus package was made for. */
export function readAssembly(folder: string): Definitions {
  const { types } = load(folder);
  const definitions: Definitions = {};

  for (const [schema, identity] of identitiesOf(folder)) {
    const type = Object.values(types).find(({ kind, docs }) => kind === 'class' && docs?.custom?.schema === schema);
    const props = type?.initializer?.parameters?.find(({ name }) => name === 'props')?.type.fqn;
    if (props === undefined) throw new Error(`expected \`${schema}\` in ${folder} to have a construct`);
    definitions[`${identity.apiVersion}/${identity.kind}`] = wholeObject(define(props, identity));
  }
  return definitions;

  function define(fqn: string, identity?: Identity): string {
    const type = types[fqn];
    const name = definitionName(type?.docs?.custom?.schema);
    if (!type || name === undefined) throw new Error(`expected \`${fqn}\` in ${folder} to name its Kubernetes type`);
    if (SCALARS[name]) definitions[name] = SCALARS[name];
    // A kind may be met first as a part, without its identity: then the whole object replaces it.
    else if (!definitions[name] || identity) {
      const definition: Schema = (definitions[name] = {}); // takes its place before its parts are read: they may refer back
      Object.assign(definition, objectOf(type, identity));
    }
    return name;
  }

  function objectOf({ properties = [], fqn }: AssemblyType, identity?: Identity): Schema {
    const number = fqn.includes('.JsonSchemaProps') ? 'number' : 'integer'; // the one type with floating point
    const fields = properties.map((property) => ({ ...property, name: fieldName(property) }));
    const required = fields.filter(({ optional }) => !optional).map(({ name }) => name);
    const known = Object.entries(identity ?? {}).map(([name, value]) => [name, { enum: [value] }]);
    return {
      type: 'object',
      properties: Object.fromEntries([...known, ...fields.map(({ name, type }) => [name, schemaOf(type, number)])]),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    };
  }

  function schemaOf({ primitive, collection, fqn }: TypeReference, number: string): Schema {
    if (collection?.kind === 'array') return { type: 'array', items: schemaOf(collection.elementtype, number) };
    if (collection) return { type: 'object', additionalProperties: schemaOf(collection.elementtype, number) };
    if (fqn !== undefined) return types[fqn]?.kind === 'enum' ? { type: 'string' } : refTo(define(fqn));
    if (primitive === 'any' || primitive === 'json') return {};
    if (primitive === 'date') return { type: 'string' };
    if (primitive === 'number') return { type: number };
    if (primitive === 'string' || primitive === 'boolean') return { type: primitive };
    throw new Error(`expected a type that has a JSON schema, got \`${primitive ?? 'a union'}\` (${folder})`);
  }
}

function load(folder: string): Assembly {
  const assembly = JSON.parse(readFileSync(join(folder, '.jsii'), 'utf8')) as Assembly;
  if (assembly.compression === undefined) return assembly;
  return JSON.parse(gunzipSync(readFileSync(join(folder, assembly.filename ?? ''))).toString()) as Assembly;
}

interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Type and identity of each kind. Read as text, because the package would load cdk8s. Lists are left out: no manifest has one. */
function identitiesOf(folder: string): [string, Identity][] {
  const code = readFileSync(join(folder, 'lib/imports/k8s.js'), 'utf8');
  const pattern = /kind for "([^"]+)"\s+\*\/\s+(?:static |\w+\.)GVK = \{\s+apiVersion: '([^']+)',\s+kind: '(\w+)'/g;
  const found = [...code.matchAll(pattern)].filter(([, , , kind]) => !kind?.endsWith('List'));
  if (found.length === 0) throw new Error(`expected ${folder} to have kinds`);
  return found.map(([, schema = '', apiVersion = '', kind = '']) => [schema, { apiVersion, kind }]);
}

/** `io.k8s.api.core.v1.Container` goes by `IoK8sApiCoreV1Container`, as in the declarations of @kubernetes-models. */
const definitionName = (schema: string | undefined) =>
  schema?.replace(/(?:^|[.-])(\w)/g, (_, letter: string) => letter.toUpperCase());

/** jsii wants camel case, Kubernetes does not always (`clusterIP`): the field's own name is what follows the type's. */
const fieldName = ({ docs, name }: Documented & { name: string }) => docs?.custom?.schema?.split('#')[1] ?? name;
