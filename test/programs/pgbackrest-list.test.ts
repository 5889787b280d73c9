import { Cluster, volume } from './pgbackrest-cluster';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await new Cluster().start([volume]);
  cluster.ask('create table marks as select generate_series(1, 5000) id', 'postgres', 'grades');
});
afterAll(() => cluster?.close());

const list = (more: Readonly<Record<string, string>> = {}) => cluster.job('list', [], more);
/** The cells of a table, line by line. */
const cells = (said: string) => said.split('\n').map((line) => line.trim().split(/ {2,}/));
const moment = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe('ALL-34 the list', () => {
  test('of a repository without backups says so, and is no failure', () => {
    expect(list()).toEqual({ status: 0, said: 'repository 1: no backup yet, take one now' });
  });

  test('shows date, size, kind, age, rows and log of each backup, oldest first', () => {
    cluster.job('check');
    cluster.ask('delete from marks where id > 4000', 'postgres', 'grades');
    cluster.job('backup', ['incr']);
    const { status, said } = list();
    const [, head, ...lines] = cells(said);
    expect(status).toBe(0);
    expect(head).toEqual([
      ...['BACKUP', 'TYPE', 'ENDED (UTC)', 'AGE', 'STORED', 'DATABASE', 'VERIFIED', 'ROWS', 'NEEDS LOG'],
    ]);
    const backups = cluster.backups();
    const line = (index: number, type: string, rows: number) => [
      ...[backups[index]?.label, type, expect.stringMatching(moment), expect.stringMatching(/^[01] min$/)],
      ...[expect.stringMatching(/^\d+\.\d [KM]iB$/), expect.stringMatching(/^\d+\.\d MiB$/), '-'],
      expect.stringMatching(new RegExp(`^${rows} in 1 table at slipway-\\w{16}$`)),
      expect.stringMatching(/^\w{24}( to \w{24})?$/),
    ];
    expect(lines).toEqual([line(0, 'full', 5000), line(1, 'incr', 4000)]);
  });

  test('names the moments that can be restored, from the end of the first backup to the log that arrived last', () => {
    const newest = () => {
      const found = cluster.files().flatMap((file) => /\/(\w{24})-\w+\.zst$/.exec(file)?.[1] ?? []);
      return found.sort().at(-1);
    };
    const before = newest();
    const [first = '', , full = ''] = list()
      .said.split('\n')
      .map((line) => line.trim());
    const [, from, log, to] = /from (\S+) to the end of log (\w+), which arrived at (\S+)$/.exec(first) ?? [];
    expect(full).toContain(` ${from} `);
    // It goes on arriving meanwhile.
    expect([before, newest()]).toContain(log);
    expect(to).toMatch(moment);
    expect(Math.abs(Date.now() - Date.parse(to ?? ''))).toBeLessThan(60_000);
  });

  test('says which backup was verified, and when', () => {
    const label = cluster.backups()[0]?.label;
    cluster.pgbackrest('annotate', '--repo=1', `--set=${label}`, '--annotation=verified=2026-11-20T04:00:00Z');
    expect(cells(list().said).map((line) => line[6])).toEqual([undefined, 'VERIFIED', '2026-11-20T04:00:00Z', '-']);
  });

  test('shows the other repositories when one cannot be read, and fails with its reason', () => {
    const { status, said } = list({
      ...{ REPOSITORIES: '2 1', PGBACKREST_IO_TIMEOUT: '1', PGBACKREST_REPO2_TYPE: 's3', PGBACKREST_REPO2_PATH: '/x' },
      ...{ PGBACKREST_REPO2_S3_BUCKET: 'school', PGBACKREST_REPO2_S3_ENDPOINT: '127.0.0.1:1' },
      ...{
        PGBACKREST_REPO2_S3_REGION: 'eu',
        PGBACKREST_REPO2_S3_URI_STYLE: 'path',
        PGBACKREST_REPO2_S3_KEY: 'k',
        PGBACKREST_REPO2_S3_KEY_SECRET: 's',
      },
    });
    expect(status).toBe(1);
    expect(said).toMatch(
      /expected repository 2 to answer, got .*unable to connect to '127.0.0.1:1'.*: see its pod, or/,
    );
    expect(said).toMatch(/repository 1 restores any moment from/);
    expect(said).not.toContain('Traceback');
  });

  test('with a passphrase that is not that of the repository names the remedy', () => {
    expect(list({ PGBACKREST_REPO1_CIPHER_PASS: 'another' })).toEqual({
      status: 1,
      said: 'expected the passphrase to open repository 1, got another one: restore the former value of its Secret',
    });
  });
});
