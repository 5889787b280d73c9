import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The part of JSON schema (draft 7) that describes a Kubernetes object. */
export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string | string[];
  enum?: string[];
  pattern?: string;
  description?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
}

/** Schemas by name: `apps/v1/Deployment` is a whole object, a name without a slash is a part that objects refer to. */
export type Definitions = Record<string, Schema>;

/** A kind that an installed @kubernetes-models package declares, e.g. `Issuer` of `cert-manager.io/v1`. */
export interface Kind {
  readonly package: string;
  readonly apiVersion: string;
  readonly kind: string;
}

/** Parts whose form no type declaration can express; the names are those that all definitions go by. */
export const SCALARS: Definitions = {
  IoK8sApimachineryPkgApiResourceQuantity: {
    type: ['number', 'string'],
    pattern: '^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$',
  },
  IoK8sApimachineryPkgUtilIntstrIntOrString: { type: ['integer', 'string'] },
};

/** Reference to another definition of the same document. */
export const refTo = (name: string): Schema => ({ $ref: `#/definitions/${name}` });

/** A whole object is its body with an identity; the same body embedded, as a claim in a StatefulSet, may leave it out. */
export const wholeObject = (body: string): Schema => ({
  type: 'object',
  allOf: [refTo(body)],
  required: ['apiVersion', 'kind', 'metadata'],
});

const modules = join(__dirname, '../node_modules');
const fileOf = (kind: Kind) => join(modules, kind.package, kind.apiVersion, `${kind.kind}.d.ts`);

/** Version of an installed package. */
export const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as { version: string }).version;

type ObjectNode = ts.InterfaceDeclaration | ts.TypeLiteralNode;

/**
 * Strict definitions (no field but the declared ones) of `kinds` and all their parts, read from the packages' type
 * declarations with the TypeScript compiler; with `describe`, each field carries the first sentence of its comment.
 */
export function readDeclarations(kinds: readonly Kind[], { describe = false } = {}): Definitions {
  const { NodeNext } = ts.ModuleKind;
  const moduleResolution = ts.ModuleResolutionKind.NodeNext;
  const program = ts.createProgram(kinds.map(fileOf), { module: NodeNext, moduleResolution, noLib: true, types: [] });
  const checker = program.getTypeChecker();
  const definitions: Definitions = {};

  for (const kind of kinds) {
    const source = program.getSourceFile(fileOf(kind));
    const node = source?.statements.filter(ts.isInterfaceDeclaration).find(({ name }) => name.text === `I${kind.kind}`);
    if (!node) throw new Error(`expected ${kind.package} to declare \`${kind.kind}\` of ${kind.apiVersion}`);
    define(node);
    definitions[`${kind.apiVersion}/${kind.kind}`] = wholeObject(uniqueName(node));
  }
  return definitions;

  function define(node: ts.InterfaceDeclaration | ts.TypeAliasDeclaration): Schema {
    const name = uniqueName(node);
    if (SCALARS[name]) definitions[name] = SCALARS[name];
    else if (ts.isTypeAliasDeclaration(node)) return schemaOf(node.type);
    else if (!definitions[name]) {
      const definition: Schema = (definitions[name] = {}); // takes its place before its parts are read: they may refer back
      Object.assign(definition, objectOf(node));
    }
    return refTo(name);
  }

  function schemaOf(type: ts.TypeNode): Schema {
    if (ts.isTypeReferenceNode(type)) return referenced(type);
    if (ts.isTypeLiteralNode(type)) return objectOf(type);
    if (ts.isUnionTypeNode(type)) return { enum: type.types.map(literal) };
    if (ts.isLiteralTypeNode(type)) return { enum: [literal(type)] };
    if (type.kind === ts.SyntaxKind.StringKeyword) return { type: 'string' };
    if (type.kind === ts.SyntaxKind.BooleanKeyword) return { type: 'boolean' };
    // The API conventions forbid floating point; the one exception, JSONSchemaProps, is part of no kind we read.
    if (type.kind === ts.SyntaxKind.NumberKeyword) return { type: 'integer' };
    throw unexpected(type);
  }

  function referenced(type: ts.TypeReferenceNode): Schema {
    const item = type.typeArguments?.[0];
    if (type.typeName.getText() === 'Array' && item) return { type: 'array', items: schemaOf(item) };
    const symbol = checker.getSymbolAtLocation(type.typeName);
    const target = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const node = target?.declarations?.find((n) => ts.isInterfaceDeclaration(n) || ts.isTypeAliasDeclaration(n));
    if (!node) throw unexpected(type);
    return define(node);
  }

  function objectOf(node: ObjectNode): Schema {
    const map = node.members.find(ts.isIndexSignatureDeclaration);
    if (map) return { type: 'object', additionalProperties: schemaOf(map.type) };
    const isKind = ts.isInterfaceDeclaration(node) && node.heritageClauses?.[0]?.getText() === 'extends TypeMeta';
    // Asked of the checker, because an interface may extend another. A status is the cluster's: no manifest sets it.
    const all = checker.getPropertiesOfType(checker.getTypeAtLocation(node));
    const fields = all.filter(({ name }) => !(isKind && name === 'status'));
    if (fields.length === 0) return {}; // free form
    const isRequired = ({ flags, name }: ts.Symbol) =>
      !(flags & ts.SymbolFlags.Optional) && !(isKind && (name === 'apiVersion' || name === 'kind'));
    const required = fields.filter(isRequired).map(({ name }) => name);
    return {
      type: 'object',
      properties: Object.fromEntries(fields.map((field) => [field.name, fieldOf(field)])),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    };
  }

  function fieldOf(field: ts.Symbol): Schema {
    const type = field.declarations?.find(ts.isPropertySignature)?.type;
    if (!type) throw new Error(`expected field \`${field.name}\` to have a type`);
    const comment = describe ? ts.displayPartsToString(field.getDocumentationComment(checker)) : '';
    return comment === '' ? schemaOf(type) : { ...schemaOf(type), description: firstSentence(comment) };
  }
}

/** Every declaration file ends with the name that is unique in all packages: `export type { IIssuer as ICom…V1Issuer`. */
function uniqueName(node: ts.Node): string {
  const { text, fileName } = node.getSourceFile();
  const name = /export type \{ \w+ as I(\w+)/.exec(text)?.[1];
  if (!name) throw new Error(`expected ${fileName} to export a unique name`);
  return name;
}

function literal(type: ts.TypeNode): string {
  if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) return type.literal.text;
  throw unexpected(type);
}

const firstSentence = (text: string) => (/^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text).replace(/\s+/g, ' ');

const unexpected = (type: ts.TypeNode) =>
  new Error(`expected a type that has a JSON schema, got \`${type.getText()}\` (${type.getSourceFile().fileName})`);
