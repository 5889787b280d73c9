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

/** The part of a sentence that follows the key: `to be a whole number`. */
function demand(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('to ')) return issue.message;
  if (issue.code === 'invalid_value') return `to be one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_union' && issue.discriminator) return 'to be a known kind';
  if (issue.code === 'invalid_type') return `to be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  return `to be valid: ${issue.message}`;
}

function explain(issue: z.core.$ZodIssue, input: unknown, file: string): string[] {
  const key = (path: readonly PropertyKey[]) => `\`${path.map(String).join('.')}\``;
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(shapeAt(issue.path) ?? {});
    return issue.keys.map((name) => {
      const [near] = known.filter((candidate) => distance(candidate, name) <= 2);
      const remedy = near ? `did you mean \`${near}\`` : `known keys are ${known.join(', ')}`;
      return `unknown key ${key([...issue.path, name])}: ${remedy} (${file})`;
    });
  }
  return [`expected ${key(issue.path)} ${demand(issue)}, got ${got(at(input, issue.path))} (${file})`];
}

/** The keys that the schema knows at a path; nothing below a union. */
function shapeAt(path: readonly PropertyKey[]): Record<string, z.ZodType> | undefined {
  let schema: unknown = settings;
  for (const key of path) schema = (schema as { shape?: Record<PropertyKey, unknown> }).shape?.[key];
  return (schema as { shape?: Record<string, z.ZodType> } | undefined)?.shape;
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
  const mistakes = result.success ? [] : result.error.issues.flatMap((issue) => explain(issue, input, file));
  mistakes.push(...policies(input).map((mistake) => `${mistake} (${file})`));
  if (!result.success || mistakes.length > 0) throw new SettingsError(mistakes);
  return result.data;
}
