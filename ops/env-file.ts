import { readFileSync } from 'node:fs';
import { exit, Failure } from './errors';

/** A value and where it stands, for messages that must not show it. */
export interface Entry {
  readonly value: string;
  /** `file:line`. */
  readonly place: string;
}

// NAME or SECRET.NAME, in what Kubernetes allows as names of Secrets and of their keys.
const assignment = /^(?:export\s+)?([\w.-]+)\s*=\s*(.*)$/;
// 'literal', "with \n, \" and \\", or bare up to a comment.
const quoted = /^(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?$/;
const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

/** Reads `KEY=VALUE` lines. @throws Failure that names every broken line, never its value */
export function readEnvFile(path: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  const problems: string[] = [];
  for (const [index, raw] of textOf(path).split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const place = `${path}:${index + 1}`;
    const [, name, written = ''] = assignment.exec(line) ?? [];
    const value = unquote(written);
    const earlier = name && entries.get(name);
    if (!name) problems.push(`expected KEY=VALUE, got something else (${place})`);
    else if (value === undefined) problems.push(`expected \`${name}\` to end its quotes, got an open one (${place})`);
    else if (earlier) problems.push(`expected \`${name}\` once, got it again (${place}, first ${earlier.place})`);
    else entries.set(name, { value, place });
  }
  if (problems.length > 0) throw new Failure(exit.usage, problems);
  return entries;
}

function unquote(written: string): string | undefined {
  if (!/^['"]/.test(written)) return written.replace(/(^|\s+)#.*$/, '');
  const [match, literal, escaped] = quoted.exec(written) ?? [];
  if (match === undefined) return undefined;
  return literal ?? escaped?.replace(/\\(.)/g, (_all, letter: string) => escapes[letter] ?? letter);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new Failure(exit.usage, [`expected \`--from-env-file\` to be a file to read, got ${reason} (${path})`]);
  }
}
