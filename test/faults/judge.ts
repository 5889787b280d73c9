import type { Report } from './agents';

type Acknowledged = Report['acknowledged'][string];

/** A stretch without an acknowledged write, in milliseconds. */
export interface Silence {
  readonly longest: number;
  /** All stretches of more than a second together. */
  readonly total: number;
  /** When the last of those ended, in milliseconds since 1970; the beginning when there was none. */
  readonly end: number;
}

/**
 * How long a series was not acknowledged between two times: an application stood still.
 *
 * @param until also counts: a series that never came back was silent until then
 */
export function silence(series: Acknowledged = [], from: number, until: number): Silence {
  const times = series.map(([, acked]) => acked).filter((time) => time > from && time < until);
  const marks = [from, ...times.sort((a, b) => a - b), until];
  const gaps = marks.slice(1).map((time, index) => ({ length: time - (marks[index] ?? time), end: time }));
  const long = gaps.filter(({ length }) => length > 1000);
  return {
    longest: gaps.reduce((most, { length }) => Math.max(most, length), 0),
    total: long.reduce((sum, { length }) => sum + length, 0),
    end: long.at(-1)?.end ?? from,
  };
}

/** A time during which an address took writes. */
interface Reign {
  readonly address: string;
  /** When the first write had been acknowledged. */
  readonly from: number;
  /** When the last one that was acknowledged was sent. */
  until: number;
}

/** A primary that is silent for longer may have stepped down in between. */
const steady = 2000;

/**
 * When each member took writes, by all watchers together. Bounds are those that are certain: a write was taken at some
 * time between being sent and being acknowledged.
 */
export function reigns(reports: readonly Report[]): Reign[] {
  const series = new Map<string, (readonly [number, number])[]>();
  for (const { acknowledged } of reports) {
    for (const [address, own] of Object.entries(acknowledged)) {
      series.set(address, [...(series.get(address) ?? []), ...own]);
    }
  }
  return [...series].flatMap(([address, writes]) => {
    const found: Reign[] = [];
    for (const [sent, acked] of [...writes].sort((a, b) => a[1] - b[1])) {
      const current = found.at(-1);
      if (current && sent - current.until <= steady) current.until = Math.max(current.until, sent);
      else found.push({ address, from: acked, until: sent });
    }
    return found;
  });
}

/** Milliseconds in which two members took writes; 0 is what must be. */
export function twoPrimaries(reports: readonly Report[]): number {
  const all = reigns(reports);
  const overlaps = all.flatMap((one, index) =>
    all
      .slice(index + 1)
      .filter(({ address }) => address !== one.address)
      .filter((other) => one.from <= other.until && other.from <= one.until)
      // One write alone is a reign that ends before it begins; it is one nevertheless.
      .map((other) => Math.max(1, Math.min(one.until, other.until) - Math.max(one.from, other.from))),
  );
  return overlaps.reduce((sum, overlap) => sum + overlap, 0);
}
