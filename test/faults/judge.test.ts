import type { Report } from './agents';
import { silence, twoPrimaries } from './judge';
import { isFine, outcomesTable, withOutcomes, type Outcome } from './table';

/** Acknowledged writes every 200 ms, each 5 ms on its way. */
const writes = (from: number, until: number): [number, number][] =>
  Array.from({ length: Math.ceil((until - from) / 200) }, (_, index) => [from + index * 200, from + index * 200 + 5]);

const report = (acknowledged: Report['acknowledged']): Report => ({ acknowledged, lost: [], failures: {} });

const outcome: Outcome = {
  name: 'switchover',
  title: 'planned switchover',
  aim: 3,
  acknowledged: 100,
  lost: 0,
  direct: { longest: 2443, total: 2443 },
  pooled: { longest: 2847, total: 5000 },
  twoPrimaries: 0,
  served: 1,
  another: true,
  failed: false,
  recovered: 8512,
};

describe('TDA-04 what the fault campaign concludes', () => {
  test('the longest time without an acknowledged write is found, and all of them together', () => {
    const series = [...writes(0, 1000), ...writes(4000, 5000), ...writes(10_000, 11_000)];
    const expected = { longest: 5200, total: 3200 + 5200, end: 10_005 };
    expect(silence(series, 0, 11_000)).toEqual(expected);
  });

  test('a series that never comes back, or never was, is silent to the end', () => {
    expect(silence(writes(0, 1000), 0, 61_000)).toEqual({ longest: 60_195, total: 60_195, end: 61_000 });
    expect(silence(undefined, 0, 60_000).longest).toBe(60_000);
  });

  test('a primary that hands over is no second one, whoever saw it', () => {
    const before = { '10.0.0.1': writes(0, 10_000) };
    const after = { '10.0.0.2': writes(10_000, 20_000) };
    expect(twoPrimaries([report(before), report(after), report({ ...before, ...after })])).toBe(0);
  });

  test('a write that waited for its replica is not taken for one at the time it was acknowledged', () => {
    const waited: [number, number][] = [...writes(0, 1000), [1000, 9000]];
    expect(twoPrimaries([report({ '10.0.0.1': waited, '10.0.0.2': writes(5000, 10_000) })])).toBe(0);
  });

  test('a primary that goes on on its own node, seen by the watcher there alone, is a second one', () => {
    const inside = report({ '10.0.0.1': writes(0, 12_000) });
    const outside = report({ '10.0.0.1': writes(0, 5000), '10.0.0.2': writes(10_000, 20_000) });
    expect(twoPrimaries([inside, outside])).toBeGreaterThan(1000);
  });

  test('a single write of the former primary in between is found', () => {
    const two = report({ '10.0.0.1': [...writes(0, 5000), [12_000, 12_005]], '10.0.0.2': writes(10_000, 20_000) });
    expect(twoPrimaries([two])).toBeGreaterThan(0);
  });

  test.each([
    ['a lost row', { lost: 1 }],
    ['two primaries', { twoPrimaries: 1 }],
    ['a cluster that did not recover', { recovered: undefined }],
    ['a fault that did not strike', { failed: true }],
    ['more silence than was aimed at', { direct: { longest: 3100, total: 3100 } }],
  ])('%s is not fine', (_, difference) => {
    expect(isFine(outcome)).toBe(true);
    expect(isFine({ ...outcome, ...difference })).toBe(false);
  });

  test('the table holds the worst of the runs, between its marks', () => {
    const worse = { ...outcome, lost: 2, another: false, twoPrimaries: 1500, recovered: undefined };
    const table = outcomesTable([outcome, worse]);
    expect(table.split('\n')[2]?.replace(/ +/g, ' ')).toBe(
      '| planned switchover | 2 | 200 | 2 | 2.4 | 3 | 2.8 (5.0) | 1 | 1.5 s | 1 | not in time |',
    );
    const marks = ['<!-- npm run faults:postgres -->', '<!-- end of npm run faults:postgres -->'];
    expect(withOutcomes(`a${marks.join('old')}b`, table)).toBe(`a${marks[0]}\n\n${table}\n\n${marks[1]}b`);
    expect(() => withOutcomes('a', table)).toThrow('expected <!-- npm run faults:postgres -->');
  });
});
