import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from './support';

type Values = Record<string, string>;
type Secret = { metadata: { name: string }; type: string; stringData: Values };
type Answer = { status: number; body?: object };

/** A server that keeps Secrets as the API does: created once, never replaced. */
export class SecretsApi {
  /** Values by Secret and key. */
  readonly kept = new Map<string, Values>();
  readonly types = new Map<string, string>();
  readonly calls: string[] = [];
  /** What a test answers instead. */
  instead: (call: string, values: Values) => Answer | undefined = () => undefined;

  readonly server = http.createServer(async (request, response) => {
    const text = (await request.setEncoding('utf8').toArray()).join('');
    const posted: Secret | undefined = text ? JSON.parse(text) : undefined;
    const name = posted?.metadata.name ?? path.basename(request.url ?? '');
    const call = `${request.method} ${name}`;
    this.calls.push(call);
    const { status, body } = this.instead(call, posted?.stringData ?? {}) ?? this.answer(name, posted);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? { kind: 'Status' }));
  });

  private answer(name: string, posted: Secret | undefined): Answer {
    const there = this.kept.get(name);
    if (!posted) {
      const data = Object.entries(there ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
      return there ? { status: 200, body: { data: Object.fromEntries(data) } } : { status: 404 };
    }
    if (there) return { status: 409 };
    this.kept.set(name, posted.stringData);
    this.types.set(name, posted.type);
    return { status: 201 };
  }

  /** A value that was made; the test fails where there is none. */
  value(secret: string, key: string): string {
    const value = this.kept.get(secret)?.[key];
    if (!value) throw new Error(`expected ${key} in Secret ${secret}, got ${[...this.kept.keys()].join(', ')}`);
    return value;
  }
}

/** A pod's account and inventory in a folder of its own, and the program that reads them. */
export class Maker {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'rehearsal-secrets-'));
  private readonly account = path.join(this.folder, 'account');

  constructor(namespace: string) {
    mkdirSync(this.account);
    writeFileSync(path.join(this.account, 'token'), 'a-token\n');
    writeFileSync(path.join(this.account, 'namespace'), namespace);
  }

  /** Runs secrets.js to its end. */
  run(inventory: object, port: number) {
    // Of its own: another run may be reading.
    const INVENTORY = path.join(mkdtempSync(path.join(this.folder, 'run-')), 'inventory.json');
    writeFileSync(INVENTORY, JSON.stringify(inventory));
    const API_SERVER = `http://127.0.0.1:${port}`;
    return run('secrets.js', { INVENTORY, SERVICEACCOUNT_DIR: this.account, API_SERVER }).ended;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
