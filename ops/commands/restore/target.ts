import { exit, Failure } from '../../errors';

const date = /^\d{4}-\d{2}-\d{2}$/;
const moment = /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-][01]\d:[0-5]\d)$/;

/** The point to restore to, as it was typed. @throws Failure when there is no such day, or not yet */
export function targetFrom(text: string, now: Date): string {
  const day = date.test(text) ? text : moment.exec(text)?.[1];
  if (text !== 'latest' && !(day && isDay(day))) {
    throw new Failure(exit.usage, [
      'expected `--to` to be latest, a date such as 2026-11-20 or a moment with its zone such as 2026-11-20T10:15:00Z, ' +
        `got ${text}`,
    ]);
  }
  if (text !== 'latest' && Date.parse(text) > now.getTime()) {
    const at = `${now.toISOString().slice(0, 19)}Z`;
    throw new Failure(exit.usage, [`expected \`--to\` to be past, got ${text} at ${at}: take latest for all there is`]);
  }
  return text;
}

/** JavaScript takes the thirtieth of February for the second of March. */
const isDay = (day: string): boolean => {
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day);
};
