import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue, newAuthority, openAuthority } from '../../charts/blocks/rehearsal/server/x509.js';
import { startServers, stopServers } from '../rehearsal/servers';
import { closeAll, eventually, run, start } from '../rehearsal/support';
import { need } from '../support/need';

const folder = mkdtempSync(join(tmpdir(), 'slipway-certificates-'));
const at = (name: string) => join(folder, name);
const client = { commonName: 'postgres', dnsNames: [], usages: ['client auth'] };
const server = { commonName: 'postgres', dnsNames: ['localhost', '*.postgres-pods'], usages: ['server auth'] };

/** An authority, a certificate of a server and one of a client, as files. */
function certificates(name: string, pair = newAuthority('physics authority')) {
  const authority = openAuthority(pair);
  mkdirSync(at(name));
  const files = { ca: pair, server: issue(authority, server), client: issue(authority, client) };
  for (const [file, { certificate, key }] of Object.entries(files)) {
    writeFileSync(at(`${name}/${file}.crt`), certificate);
    writeFileSync(at(`${name}/${file}.key`), key, { mode: 0o600 });
  }
}

const environment = (shown: string, trusted = 'ours') => ({
  PGSSLMODE: 'verify-full',
  PGSSLROOTCERT: at(`${trusted}/ca.crt`),
  // A file that is not there is a certificate that is not shown.
  PGSSLCERT: at(`${shown}/client.crt`),
  PGSSLKEY: at(`${shown}/client.key`),
});

let port: number;

/** What psql gets as the superuser. */
function ask(sql: string, tls: object, host = 'localhost') {
  const login = { PGHOST: host, PGPORT: `${port}`, PGUSER: 'postgres', PGPASSWORD: 'pen%cil', LANG: 'C.UTF-8' };
  const env = { ...process.env, ...login, ...tls };
  const { stdout, stderr } = spawnSync('psql', ['-XAtqc', sql], { encoding: 'utf8', env });
  return stdout.trim() || stderr.trim();
}

beforeAll(async () => {
  need({ psql: 'PostgreSQL 17', openssl: 'OpenSSL' });
  certificates('ours');
  certificates('others');
  const servers = await startServers();
  port = servers.postgres;
  // Files that are there already keep their owner, who is not the one of the tests.
  const data = (name: string) => join(servers.folder, 'data', name);
  writeFileSync(data('server.crt'), readFileSync(at('ours/server.crt')));
  writeFileSync(data('server.key'), readFileSync(at('ours/server.key')));
  writeFileSync(data('ca.crt'), readFileSync(at('ours/ca.crt')));
  const plain = { PGSSLMODE: 'disable' };
  ask(`alter system set ssl_ca_file to 'ca.crt'`, plain);
  writeFileSync(data('pg_hba.conf'), 'hostssl all all all scram-sha-256 clientcert=verify-ca\n');
  ask('select pg_reload_conf()', plain);
  await eventually(() => ask('select 1', plain).includes('no encryption'));
});

afterEach(closeAll);
afterAll(async () => {
  await stopServers();
  rmSync(folder, { recursive: true });
});

describe('PHY-23 TDA-07 certificates of a throw-away cluster', () => {
  test.each(['server', 'client'])('satisfy the strict rules of OpenSSL for a %s', (name) => {
    const args = ['verify', '-x509_strict', '-purpose', `ssl${name}`, '-CAfile', at('ours/ca.crt')];
    expect(execFileSync('openssl', [...args, at(`ours/${name}.crt`)], { encoding: 'utf8' })).toMatch(/: OK\n$/);
  });

  test('may be of an authority that another program made', () => {
    const out = ['-keyout', at('made.key'), '-out', at('made.crt')];
    const subject = ['-subj', '/O=Physics/CN=Authority', '-addext', 'keyUsage=critical,keyCertSign'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...out], {
      stdio: 'pipe',
    });
    const pair = { certificate: readFileSync(at('made.crt'), 'utf8'), key: readFileSync(at('made.key'), 'utf8') };
    certificates('brought', pair);
    const args = ['verify', '-x509_strict', '-CAfile', at('made.crt'), at('brought/server.crt')];
    expect(execFileSync('openssl', args, { encoding: 'utf8' })).toMatch(/: OK\n$/);
  });

  test('let psql and PostgreSQL prove themselves to each other', () => {
    const sql = 'select ssl, client_dn, issuer_dn from pg_stat_ssl where pid = pg_backend_pid()';
    expect(ask(sql, environment('ours'))).toBe('t|/CN=postgres|/CN=physics authority');
  });

  test.each([
    ['a server of another authority', () => environment('ours', 'others'), 'localhost', 'certificate verify failed'],
    ['a server of another name', () => environment('ours'), '127.0.0.1', 'does not match host name "127.0.0.1"'],
    ['a client of another authority', () => environment('others'), 'localhost', 'tlsv1 alert unknown ca'],
    ['a client without', () => environment('nobody'), 'localhost', 'connection requires a valid client certificate'],
    ['a client without TLS', () => ({ PGSSLMODE: 'disable' }), 'localhost', 'no encryption'],
  ])('let nobody trust %s', (_who, tls, host, refusal) => {
    expect(ask('select 1', tls(), host)).toContain(refusal);
  });

  test('serve a migration and the rehearsal server, to which only the environment names TLS', async () => {
    const variables = { DATABASE_URL: `postgresql://postgres:pen%25cil@localhost:${port}/postgres` };
    const migrate = (tls: Record<string, string>) => run('migrate.js', { ...variables, ...tls, RELEASE: '1.0' }).ended;
    expect(await migrate(environment('ours'))).toMatchObject({ code: 0, stderr: '' });
    expect((await migrate(environment('others'))).stderr).toContain('release 1.0 was rolled back: ');
    expect((await migrate({})).stderr).toContain('no encryption');
    const connections = [{ name: 'postgres', kind: 'postgres', url: 'DATABASE_URL' }];
    const { url } = await start({ connections }, { ...variables, ...environment('ours') });
    const health = await eventually(async () => {
      const response = await fetch(`${url}/health`);
      return response.status === 200 ? response.json() : undefined;
    });
    expect(health).toMatchObject({ connections: { postgres: { status: 'up' } } });
  });
});
