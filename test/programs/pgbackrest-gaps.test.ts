import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { need } from '../support/need';

need({ python3: 'Python' });

const folder = mkdtempSync(join(tmpdir(), 'slipway-gaps-'));
afterAll(() => rmSync(folder, { recursive: true }));

const script = join(__dirname, '../../charts/blocks/postgres/backup/scripts/repository.py');
const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
const segment = (timeline: number, place: number) => `${hex(timeline)}${hex(0)}${hex(place)}`;
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

interface Log {
  /** Places of the segments of each timeline. */
  readonly timelines: Readonly<Record<number, readonly number[]>>;
  /** Where timelines left the one before: its number and the place. */
  readonly forks?: Readonly<Record<number, readonly [number, number]>>;
  /** Where backups began, by the timeline they are of; the last one is the newest. @default a full one at 1 */
  readonly backups?: readonly { readonly type: 'full' | 'incr'; readonly timeline: number; readonly place: number }[];
}

/** What the verification makes of the names in a repository. */
function gaps({ timelines, forks = {}, backups = [{ type: 'full', timeline: 1, place: 1 }] }: Log) {
  const names = Object.entries(timelines).flatMap(([timeline, places]) =>
    places.map(
      (place) => `17-1/${segment(Number(timeline), place).slice(0, 16)}/${segment(Number(timeline), place)}-0f.zst`,
    ),
  );
  const histories = Object.entries(forks).map(
    ([timeline, [former, place]]) =>
      `17-1/${hex(Number(timeline))}.history ${former}\t0/${place.toString(16)}000110\twhy\n`,
  );
  const info = [
    {
      archive: [{ id: '17-1', database: { id: 1 } }],
      status: { code: 0, message: 'ok' },
      backup: backups.map(({ type, timeline, place }, index) => ({
        label: `backup-${index}`,
        type,
        database: { id: 1 },
        archive: { start: segment(timeline, place), stop: segment(timeline, place) },
        // As many as a month has, each with the rows of many tables.
        annotation: { rows: 'x'.repeat(200_000) },
      })),
    },
  ];
  const [log, lines] = [join(folder, 'log'), join(folder, 'histories')];
  writeFileSync(log, JSON.stringify(Object.fromEntries(names.map((name) => [name, { type: 'file' }]))));
  writeFileSync(lines, histories.join(''));
  const input = JSON.stringify(info);
  const { status, stdout, stderr } = spawnSync('python3', ['-I', script, 'gaps', log, lines], {
    input,
    encoding: 'utf8',
  });
  return { status, said: `${stdout}${stderr}`.trim() };
}

const whole = (segments: number) => ({
  status: 0,
  said: `write-ahead log of 17-1 has no gap: ${segments} segments since ${segment(1, 1)}`,
});
const lacks = (...names: string[]) => ({
  status: 1,
  said: expect.stringContaining(`expected write-ahead log without a gap in 17-1, got ${names.join(', ')} missing`),
});

describe('ALL-34 log of several timelines', () => {
  test('has no gap after a restore to the past, and another one forward again', () => {
    const timelines = { 1: range(1, 100), 2: range(50, 55), 3: range(100, 120) };
    expect(gaps({ timelines, forks: { 2: [1, 50], 3: [1, 100] } })).toEqual(whole(127));
  });

  test('has one where the first segments of a timeline are missing, also beside those of the former', () => {
    const timelines = { 1: range(1, 100), 2: range(52, 55) };
    expect(gaps({ timelines, forks: { 2: [1, 50] } })).toEqual(lacks(segment(2, 50), segment(2, 51)));
  });

  test('has one where the history of a timeline is missing: nobody finds the way to it', () => {
    expect(gaps({ timelines: { 1: range(1, 10), 2: range(10, 12) } })).toEqual(lacks('00000002.history'));
  });

  test('has none in front of the oldest backup, whatever the timeline', () => {
    const backups = [{ type: 'full', timeline: 1, place: 40 }] as const;
    const timelines = { 1: range(40, 60), 2: range(40, 45) };
    const { status } = gaps({ timelines, forks: { 2: [1, 10] }, backups });
    expect(status).toBe(0);
  });
});

test('ALL-34 a gap fails no verification once there is a newer full backup, and is still told', () => {
  const timelines = { 1: [...range(1, 9), ...range(11, 30)] };
  const full = { type: 'full', timeline: 1, place: 1 } as const;
  expect(gaps({ timelines, backups: [full, { type: 'incr', timeline: 1, place: 20 }] })).toEqual(lacks(segment(1, 10)));
  expect(gaps({ timelines, backups: [full, { type: 'full', timeline: 1, place: 20 }] })).toEqual({
    status: 0,
    said: `write-ahead log of 17-1 lacks ${segment(1, 10)}: of the time before backup-1, moments behind that cannot be restored`,
  });
});
