import { randomBytes } from 'node:crypto';
import type { SecretKey } from './inventory';

/** Why a value will not do, as the end of a sentence that begins with its key. */
export interface Fault {
  readonly problem: 'length' | 'placeholder';
  readonly text: string;
}

/**
 * What people leave in a template. Every word has a letter that hex has not, so a generated value never matches.
 * Three x count only when they stand alone: a long random token may well contain them.
 */
const placeholders = [
  /change|example|placeholder|password123|replace[_-]?me/i,
  /your[_-]|secure_|[_-]password|secret[_-]key/i,
  /(^|[^a-z0-9])x{3,}([^a-z0-9]|$)|x{4,}/i,
  /^<.*>$|^\$\{.*\}$/s,
  /^(.)\1*$/s,
];

/** Whether a value is a template's sample rather than a secret. */
export const isPlaceholder = (value: string): boolean => placeholders.some((pattern) => pattern.test(value));

/** Everything that is wrong with a value; the texts never contain it. */
export function faultsOf(value: string, { characters, minimum, exact }: SecretKey): Fault[] {
  const { length } = value;
  const shortest = Math.max(minimum, 1);
  const faults: Fault[] = [];
  if (exact && length !== characters) {
    faults.push({ problem: 'length', text: `to be exactly ${characters} characters, got ${length}` });
  } else if (length < shortest) {
    faults.push({ problem: 'length', text: `to be at least ${shortest} characters, got ${length}` });
  }
  if (isPlaceholder(value)) {
    faults.push({ problem: 'placeholder', text: 'to be a secret, got a placeholder' });
  }
  return faults;
}

/** Random lower-case hex: unlike base64 it needs no escaping in a URL. */
export const randomHex = (characters: number): string =>
  randomBytes(Math.ceil(characters / 2))
    .toString('hex')
    .slice(0, characters);
