import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from '../cluster/support';
import type { Manifest } from '../support/manifests';

/** A Secret as cert-manager writes it. */
interface Issued {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly type: 'kubernetes.io/tls';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data: Readonly<Record<'tls.crt' | 'tls.key' | 'ca.crt', string>>;
}

const openssl = (folder: string, ...args: string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Private keys stand in files only as long as openssl needs them. */
function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-authority-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** What cert-manager would make of these Certificates: the authority first, then what it signs. */
export async function certificates(namespace: string, wanted: readonly Manifest[]): Promise<Issued[]> {
  const root = wanted.find(({ spec }) => spec.isCA === true);
  if (!root) throw new Error('expected a Certificate of an authority in the manifests, got none');
  const existing = await json<Issued>('get', 'secret', root.spec.secretName, '-n', namespace).catch(() => undefined);
  const authority = existing ?? found(namespace, root);
  const leaves = wanted.filter(({ spec }) => spec.isCA !== true && spec.issuerRef?.name === root.metadata.name);
  return [authority, ...leaves.map((leaf) => sign(namespace, leaf, authority))];
}

/** A Certificate anew, with another key, by the authority that stands in the cluster. */
export async function renewed(namespace: string, wanted: Manifest, authority: string): Promise<Issued> {
  return sign(namespace, wanted, await json<Issued>('get', 'secret', authority, '-n', namespace));
}

function found(namespace: string, { spec }: Manifest): Issued {
  return inFolder((folder) => {
    const subject = ['-subj', `/CN=${spec.commonName}`, '-days', '3650', '-addext', 'keyUsage=critical,keyCertSign'];
    openssl(folder, 'req', '-x509', ...key, ...subject, '-keyout', 'tls.key', '-out', 'tls.crt');
    return secret(namespace, spec.secretName, folder, readFileSync(join(folder, 'tls.crt')));
  });
}

function sign(namespace: string, { spec }: Manifest, authority: Issued): Issued {
  return inFolder((folder) => {
    const ca = Buffer.from(authority.data['tls.crt'], 'base64');
    writeFileSync(join(folder, 'ca.crt'), ca);
    writeFileSync(join(folder, 'ca.key'), Buffer.from(authority.data['tls.key'], 'base64'), { mode: 0o600 });
    const usages = (spec.usages as string[]).map((usage) => (usage === 'server auth' ? 'serverAuth' : 'clientAuth'));
    const names = ((spec.dnsNames ?? []) as string[]).map((name) => `DNS:${name}`);
    const extensions = [
      // Python 3.13 and newer refuse certificates that do not name the key that signed them.
      'authorityKeyIdentifier=keyid',
      'subjectKeyIdentifier=hash',
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      `extendedKeyUsage=${usages.join(',')}`,
      ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []),
    ];
    writeFileSync(join(folder, 'extensions'), `${extensions.join('\n')}\n`);
    openssl(folder, 'req', '-new', ...key, '-subj', `/CN=${spec.commonName}`, '-keyout', 'tls.key', '-out', 'request');
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '90'];
    openssl(folder, 'x509', '-req', '-in', 'request', ...signer, '-extfile', 'extensions', '-out', 'tls.crt');
    return secret(namespace, spec.secretName, folder, ca);
  });
}

function secret(namespace: string, name: string, folder: string, ca: Buffer): Issued {
  const base64 = (file: string): string => readFileSync(join(folder, file)).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace },
    data: { 'tls.crt': base64('tls.crt'), 'tls.key': base64('tls.key'), 'ca.crt': ca.toString('base64') },
  };
}
