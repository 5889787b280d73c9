import { defaults } from '../../options';

type Value = string | number | undefined;

/** A command as one would type it: with the options that were given and are not the usual ones. */
export function commandLine(words: readonly string[], options: Readonly<Record<string, Value>>): string {
  const usual: Readonly<Record<string, Value>> = defaults;
  const flags = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || value === usual[name] ? [] : [`--${name}`, quoted(`${value}`)],
  );
  return ['npx slipway', ...words, ...flags].join(' ');
}

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
