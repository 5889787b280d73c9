import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareScript } from '../../charts/blocks/postgres/scripts';
import { need } from '../support/need';
import { base, own, run } from './pgbackrest-machine';

need({ initdb: 'PostgreSQL 17, its bin folder is not on PATH by default' });

/** A volume with the data of PostgreSQL 17, before each test. */
let volume: string;

beforeEach(() => {
  volume = mkdtempSync(join(tmpdir(), 'slipway-volume-'));
  chmodSync(volume, 0o755);
  own(volume);
  execFileSync('initdb', ['-D', join(volume, 'pg17'), '-A', 'trust', '--no-sync'], { env: base, stdio: 'pipe' });
});
afterEach(() => rmSync(volume, { recursive: true }));

const data = (...names: string[]) => join(volume, 'pg17', ...names);
const prepare = (name = 'pg17') => run('bash', ['-c', prepareScript], { ...base, PGDATA: join(volume, name) });

/** Every file of the volume with its size and time. */
const state = () =>
  readdirSync(volume, { recursive: true, encoding: 'utf8' }).map((name) => {
    const { size, mtimeMs } = statSync(join(volume, name));
    return [name, size, mtimeMs];
  });

/** What a refusal says; it changes nothing. */
function refusal(name?: string): string {
  const before = state();
  const { status, said } = prepare(name);
  expect(status).toBe(1);
  expect(state()).toEqual(before);
  return said;
}

test('ALL-16 data of this version are taken as they are, whatever mode a volume plugin gave them', () => {
  chmodSync(data(), 0o770);
  expect(prepare()).toEqual({ status: 0, said: '' });
  expect(statSync(data()).mode & 0o777).toBe(0o700);
  expect(readdirSync(volume)).toEqual(['pg17']);
});

test('ALL-16 data of another major version are refused', () => {
  writeFileSync(data('PG_VERSION'), '16\n');
  expect(refusal()).toContain(
    `expected data of PostgreSQL 17 in ${volume}, got 16 in ${data()}: upgrade the data first`,
  );
});

test('ALL-16 a new version begins no empty database beside the data of the old one', () => {
  execFileSync('mv', [data(), join(volume, 'pg16')]);
  writeFileSync(join(volume, 'pg16', 'PG_VERSION'), '16\n');
  expect(refusal()).toContain('upgrade the data first');
});

test('ALL-17 what a restore put aside is nobody’s data to start with', () => {
  mkdirSync(`${data()}.before-20261121T130000Z`);
  writeFileSync(`${data()}.before-20261121T130000Z/PG_VERSION`, '16\n');
  expect(prepare()).toEqual({ status: 0, said: '' });
});

test('ALL-16 files that are no database are refused', () => {
  rmSync(data('PG_VERSION'));
  expect(refusal()).toBe(`expected ${data()} to be empty or a PostgreSQL cluster, got other files`);
});

describe('ALL-16 a first start', () => {
  const mark = () => `${data()}.initializing`;

  test('is marked until its server has answered', () => {
    rmSync(data(), { recursive: true });
    expect(prepare()).toEqual({ status: 0, said: '' });
    expect(readdirSync(volume)).toEqual(['pg17.initializing']);
  });

  test('that was interrupted before there was a database is made anew', () => {
    writeFileSync(mark(), '');
    rmSync(data('global', 'pg_control'));
    expect(prepare()).toMatchObject({ status: 0, said: expect.stringContaining('making it anew') });
    expect(existsSync(data())).toBe(false);
  });

  test('that was interrupted later leaves what could be started', () => {
    writeFileSync(mark(), '');
    expect(prepare().status).toBe(0);
    const [kept = ''] = readdirSync(volume).filter((name) => name.startsWith('pg17.interrupted-'));
    expect(existsSync(join(volume, kept, 'global', 'pg_control'))).toBe(true);
  });
});
