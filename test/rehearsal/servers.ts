import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually, freePort } from './support';

// PostgreSQL refuses to run as root. The programs of a test machine run as another user through RUN_AS.
const isRoot = process.getuid?.() === 0;
const user = { uid: 26, gid: 26 };
const env = { ...process.env, ...(isRoot && { RUN_AS: `${user.uid}:${user.gid}` }) };

const folder = mkdtempSync(path.join(tmpdir(), 'rehearsal-programs-'));
const running: ChildProcess[] = [];

function need(programs: Record<string, string>) {
  const isThere = (program: string) =>
    (process.env.PATH ?? '').split(':').some((entry) => {
      try {
        accessSync(path.join(entry, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  const missing = Object.entries(programs).filter(([program]) => !isThere(program));
  if (missing.length === 0) return;
  throw new Error(`expected on PATH: ${missing.map(([program, from]) => `${program} (install ${from})`).join(', ')}`);
}

/** Writes a file that the servers' user may read, and nobody else. */
function file(name: string, content: string | Buffer = '') {
  const to = path.join(folder, name);
  writeFileSync(to, content, { mode: 0o600 });
  if (isRoot) chownSync(to, user.uid, user.gid);
  return to;
}

async function serve(program: string, args: string[], port: number) {
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  running.push(child);
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${stderr}`);
    const socket = net.connect(port, '127.0.0.1');
    const open = await once(socket, 'connect').catch(() => undefined);
    socket.destroy();
    return open;
  }, 20_000);
}

async function startPostgres(): Promise<number> {
  const data = path.join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (isRoot) chownSync(data, user.uid, user.gid);
  const pwfile = file('superuser', 'pen%cil');
  execFileSync('initdb', ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${pwfile}`, '--no-sync'], {
    env,
    stdio: 'pipe',
  });
  const subject = ['-subj', '/CN=postgres.example', '-addext', 'basicConstraints=critical,CA:TRUE'];
  const out = ['-keyout', path.join(folder, 'made.key'), '-out', path.join(folder, 'made.crt')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...out], {
    stdio: 'pipe',
  });
  file('data/server.crt', readFileSync(path.join(folder, 'made.crt')));
  file('data/server.key', readFileSync(path.join(folder, 'made.key')));
  const rules = ['password', 'md5', 'trust'].map((method) => `host all by_${method} 127.0.0.1/32 ${method}`);
  rules.push('hostnossl tls_only all 127.0.0.1/32 reject', 'host all all 127.0.0.1/32 scram-sha-256', '');
  file('data/pg_hba.conf', rules.join('\n'));
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    ssl: 'on',
    fsync: 'off',
  };
  await serve(
    'postgres',
    ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    port,
  );
  return port;
}

async function startRedis(): Promise<number> {
  const port = await freePort();
  const acl = ['user default off', 'user cache on >p@ss ~* +@all', 'user reader on >pencil ~* +ping'].join('\n');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `aclfile ${file('users.acl', `${acl}\n`)}`,
    'save ""',
    `dir ${folder}`,
  ];
  await serve('redis-server', [file('redis.conf', `${lines.join('\n')}\n`)], port);
  return port;
}

/** Starts PostgreSQL (superuser postgres, password pen%cil) and Redis (users cache and reader) on free loopback ports. */
export async function startServers() {
  const postgresql = 'PostgreSQL 17, its bin folder is not on PATH by default';
  need({ initdb: postgresql, postgres: postgresql, 'redis-server': 'Redis 7 or newer', openssl: 'OpenSSL' });
  chmodSync(folder, 0o755);
  return { folder, postgres: await startPostgres(), redis: await startRedis() };
}

export async function stopServers(): Promise<void> {
  for (const child of running) child.kill('SIGINT'); // for PostgreSQL: end the sessions, then stop
  await Promise.all(running.map((child) => child.exitCode ?? once(child, 'close')));
  rmSync(folder, { recursive: true });
}
