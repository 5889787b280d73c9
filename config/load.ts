import { z } from 'zod';
import { settings, type Settings } from './schema';
import { policies } from './policies';

/** Every mistake of the settings, one a line, each with key, limit, value and file. */
export class SettingsError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'SettingsError';
  }
}

const at = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);

const got = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

const keyOf = (path: readonly PropertyKey[]): string =>
  path.length > 0 ? `\`${path.map(String).join('.')}\`` : 'the settings';

/** The part of a sentence that follows the key: `to be a whole number`. */
function demand(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('to ') || issue.message.startsWith('not to ')) return issue.message;
  if (issue.code === 'invalid_value') return `to be one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_union' && 'options' in issue) return `to be one of ${issue.options?.join(', ')}`;
  if (issue.code === 'invalid_type') return `to be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  return `to be valid: ${issue.message}`;
}

/** A key that nobody knows, and the known one that was meant. */
interface Typo {
  readonly path: readonly PropertyKey[];
  readonly meant: string | undefined;
  readonly known: readonly string[];
}

function typosOf(issue: z.core.$ZodIssue, input: unknown): Typo[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const known = keysAt(issue.path, input);
  return issue.keys.map((name) => {
    const meant = known.find((candidate) => distance(candidate, name) <= 2);
    return { path: [...issue.path, name], meant, known };
  });
}

/** Of a value that may be a name or an object, an object that is given is wrong in its own keys. */
function inside(issue: z.core.$ZodIssue, input: unknown): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || typeof at(input, issue.path) !== 'object') return [issue];
  const kind = issue.errors.find((errors) =>
    errors.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return kind?.map((found) => ({ ...found, path: [...issue.path, ...found.path] })) ?? [issue];
}

/** All that the schema finds wrong, as sentences. A key that is missing because it is mistyped is named once. */
function explain(found: readonly z.core.$ZodIssue[], input: unknown): string[] {
  const issues = found.flatMap((issue) => inside(issue, input));
  const typos = issues.flatMap((issue) => typosOf(issue, input));
  const meant = new Set(typos.map((typo) => keyOf([...typo.path.slice(0, -1), typo.meant ?? ''])));
  const rest = issues.filter(({ code }) => code !== 'unrecognized_keys');
  return [
    ...typos.map((typo) => {
      const remedy = typo.meant ? `did you mean \`${typo.meant}\`` : `known keys are ${typo.known.join(', ')}`;
      return `unknown key ${keyOf(typo.path)}: ${remedy}`;
    }),
    ...rest
      .map((issue) => ({ issue, value: at(input, issue.path) }))
      .filter(({ issue, value }) => value !== undefined || !meant.has(keyOf(issue.path)))
      .map(({ issue, value }) => `expected ${keyOf(issue.path)} ${demand(issue)}, got ${got(value)}`),
  ];
}

/** The keys that the schema knows at a path; of kinds that differ, those of the kind that is given. */
function keysAt(path: readonly PropertyKey[], input: unknown): string[] {
  let schema: z.core.$ZodType | undefined = settings;
  for (const [depth, key] of path.entries()) {
    schema = resolve(schema, at(input, path.slice(0, depth)));
    schema = schema instanceof z.ZodObject ? (schema.shape as Record<PropertyKey, z.ZodType>)[key] : undefined;
  }
  schema = resolve(schema, at(input, path));
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum) return schema.keyType.options.map(String);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** What an optional value or a discriminated union stands for. */
function resolve(schema: z.core.$ZodType | undefined, value: unknown): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional) return resolve(schema.unwrap(), value);
  if (schema instanceof z.ZodUnion && !(schema instanceof z.ZodDiscriminatedUnion)) {
    return (schema.options as readonly z.core.$ZodType[]).find((option) => option instanceof z.ZodObject);
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator } = schema.def;
  const kinds = schema.options as readonly z.ZodObject[];
  return kinds.find(({ shape }) => shape[discriminator]?.safeParse(at(value, [discriminator])).success);
}

/** Levenshtein distance: typos are one or two letters away. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * Checks the settings of one environment.
 *
 * @param input what the file exports
 * @param file its name, for the messages
 * @throws SettingsError with all mistakes at once
 */
export function parseSettings(input: unknown, file: string): Settings {
  const result = settings.safeParse(input);
  const mistakes = [...(result.success ? [] : explain(result.error.issues, input)), ...policies(input)].map(
    (mistake) => `${mistake} (${file})`,
  );
  if (!result.success || mistakes.length > 0) throw new SettingsError(mistakes);
  return result.data;
}
