import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;
/** The user of the image. */
const user = { uid: 26, gid: 26 };

/** PostgreSQL refuses to run as root: the programs of a test machine run as the user of the image through RUN_AS. */
export const base = { ...process.env, ...(isRoot && { RUN_AS: `${user.uid}:${user.gid}` }), LANG: 'C.UTF-8' };

/** Python as the user of the image: what starts PostgreSQL, and shares its folders. */
export const python: readonly [string, ...string[]] = isRoot ? ['inside', 'python3'] : ['python3'];

export interface Run {
  readonly status: number | null;
  /** Standard output and error. */
  readonly said: string;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Run {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env, input });
  return { status, said: `${stdout}${stderr}`.trim() };
}

/** Gives a folder, and what is in it, to the user of the image. */
export function own(path: string): void {
  if (isRoot) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, path]);
}

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority of certificates: ca.crt and ca.key. */
export function found(folder: string): void {
  const files = ['-keyout', join(folder, 'ca.key'), '-out', join(folder, 'ca.crt')];
  openssl('req', '-x509', ...newKey, ...files, '-days', '90', '-subj', '/CN=authority');
}

/** A certificate of this authority, readable as a Secret's file is: root's, and the pod's group's. */
export function issue(authority: string, folder: string, commonName: string): void {
  const [request, extensions] = [join(authority, 'request'), join(authority, 'extensions')];
  const signer = ['-CA', join(authority, 'ca.crt'), '-CAkey', join(authority, 'ca.key'), '-CAcreateserial'];
  const file = (name: string) => join(folder, name);
  writeFileSync(extensions, 'subjectAltName=DNS:localhost,DNS:*.postgres-pods\n');
  openssl('req', ...newKey, '-keyout', file('tls.key'), '-out', request, '-subj', `/CN=${commonName}`);
  openssl('x509', '-req', '-in', request, ...signer, '-days', '90', '-extfile', extensions, '-out', file('tls.crt'));
  cpSync(join(authority, 'ca.crt'), file('ca.crt'));
  for (const path of ['tls.crt', 'tls.key', 'ca.crt'].map(file)) {
    if (isRoot) chownSync(path, 0, user.gid);
    chmodSync(path, isRoot ? 0o440 : 0o600);
  }
}
