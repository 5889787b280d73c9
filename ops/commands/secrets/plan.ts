import type { Entry } from '../../env-file';
import { exit, Failure } from '../../errors';
import type { Terminal } from '../../output';
import type { SecretKey } from './inventory';
import type { Surveyed } from './survey';
import { faultsOf, randomHex } from './value';

/** What happens to one key; `value` is what will be written. */
export interface Step {
  readonly secret: Surveyed;
  readonly key: SecretKey;
  readonly state: 'created' | 'kept' | 'asked' | 'missing';
  readonly value?: string;
}

/** What to do, as far as nobody has to be asked. @throws Failure with every value of the file that will not do */
export function draft(
  secrets: readonly Surveyed[],
  entries: ReadonlyMap<string, Entry>,
  canAsk: boolean,
): { steps: Step[]; used: Set<string> } {
  const used = new Set<string>();
  const problems: string[] = [];

  const stepFor = (secret: Surveyed, key: SecretKey): Step => {
    const names = [`${secret.name}.${key.key}`, key.key].filter(
      (name) => key.origin === 'provided' && entries.has(name),
    );
    names.forEach((name) => used.add(name));
    if (secret.values && Object.hasOwn(secret.values, key.key)) return { secret, key, state: 'kept' };
    if (key.origin === 'generated') return { secret, key, state: 'created', value: randomHex(key.characters) };
    const entry = names[0] === undefined ? undefined : entries.get(names[0]);
    // Templates list keys with nothing behind the equals sign.
    if (!entry?.value) return { secret, key, state: canAsk ? 'asked' : 'missing' };
    for (const { text } of faultsOf(entry.value, key))
      problems.push(`expected \`${names[0]}\` ${text} (${entry.place})`);
    return { secret, key, state: 'created', value: entry.value };
  };

  const steps = secrets.flatMap((secret) => secret.keys.map((key) => stepFor(secret, key)));
  if (problems.length > 0) throw new Failure(exit.usage, [...new Set(problems)]);
  return { steps, used };
}

/** Asks for the values that only a person can give, one after the other, until each will do or is left out. */
export async function answer(steps: readonly Step[], ask: NonNullable<Terminal['ask']>): Promise<Step[]> {
  const answered: Step[] = [];
  for (const step of steps) {
    answered.push(step.state === 'asked' ? await answerOne(step, ask) : step);
  }
  return answered;
}

async function answerOne({ secret, key }: Step, ask: NonNullable<Terminal['ask']>): Promise<Step> {
  const subject = `\`${key.key}\` of ${secret.namespace}/${secret.name}`;
  const hint = key.optional ? 'optional, empty to leave it out' : 'empty to leave it out for now';
  let question = `${subject} (${hint}): `;
  for (;;) {
    const value = await ask(question);
    if (value === '') return { secret, key, state: 'missing' };
    const faults = faultsOf(value, key);
    if (faults.length === 0) return { secret, key, state: 'asked', value };
    question = `${faults.map(({ text }) => `expected ${subject} ${text}`).join('\n')}\nagain: `;
  }
}
