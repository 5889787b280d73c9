import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;
/** PostgreSQL and PgBouncer refuse to run as root: the programs of a test machine run as another through RUN_AS. */
const user = { uid: 26, gid: 26 };

/** The environment of every program. */
export const base = { ...process.env, ...(isRoot && { RUN_AS: `${user.uid}:${user.gid}` }), LANG: 'C.UTF-8' };

/** Folders of the programs' user, with two authorities: that of the platform, `ca`, and another one, `other`. */
export class Files {
  private readonly folder = mkdtempSync(join(tmpdir(), 'slipway-pooler-'));

  constructor(...names: readonly string[]) {
    chmodSync(this.folder, 0o755);
    for (const name of names) {
      mkdirSync(this.at(name), { mode: 0o700 });
      this.give(name);
    }
    for (const name of ['ca', 'other']) {
      const out = ['-keyout', this.at(`${name}.key`), '-out', this.at(`${name}.crt`)];
      openssl(...newKey, '-days', '2', '-subj', `/CN=${name}`, ...out);
    }
  }

  at = (name: string): string => join(this.folder, name);

  /** Writes a file that the programs' user alone may read. @returns its path */
  write(name: string, content: string | Buffer = ''): string {
    writeFileSync(this.at(name), content, { mode: 0o600 });
    return this.give(name);
  }

  /** Issues a certificate into a folder; its server or client trusts the platform's authority. */
  certificate(authority: string, folder: string, name: string, extension = 'keyUsage=digitalSignature'): void {
    const [key, crt] = [this.at('made.key'), this.at('made.crt')];
    const by = ['-CA', this.at(`${authority}.crt`), '-CAkey', this.at(`${authority}.key`), '-days', '1'];
    openssl(...newKey, ...by, '-subj', `/CN=${name}`, '-addext', extension, '-keyout', key, '-out', crt);
    this.write(`${folder}/tls.key`, readFileSync(key));
    this.write(`${folder}/tls.crt`, readFileSync(crt));
    this.write(`${folder}/ca.crt`, readFileSync(this.at('ca.crt')));
  }

  /** A value of postgresql.conf, with this machine's folders of certificates and of logs instead of a pod's. */
  moved = (value: string): string => value.replace(/^\/tls\//, `${this.at('tls')}/`).replace(/^\/tmp$/, this.at('log'));

  remove = (): void => rmSync(this.folder, { recursive: true });

  private give(name: string): string {
    if (isRoot) chownSync(this.at(name), user.uid, user.gid);
    return this.at(name);
  }
}

const newKey = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
