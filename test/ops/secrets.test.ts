import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer } from './api-server';
import { Session, type Outcome } from './session';

const dist = join('test', 'ops', 'fixtures', 'dist');
const groq = 'gsk_0f3a9c1d7e5b2846af';
const [physics, governance] = ['physics-assistant', 'ai-governance'];

let session: Session;
let server: ApiServer;
let kubeconfig: string;
const outcomes: Outcome[] = [];

beforeAll(() => {
  session = new Session();
});
afterAll(() => session.stop());

beforeEach(async () => {
  server = new ApiServer();
  kubeconfig = await server.start();
  [physics, governance].forEach((name) => server.namespaces.add(name));
  outcomes.length = 0;
});

// Holds for every case: whatever a Secret contains at the end was never written anywhere else.
afterEach(async () => {
  const output = outcomes.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  const values = [...server.secrets.keys()].flatMap((path) => {
    const [namespace = '', name = ''] = path.split('/');
    return Object.values(server.values(namespace, name));
  });
  for (const value of [...values, groq]) {
    expect(output).not.toContain(value);
    expect(output).not.toContain(Buffer.from(value).toString('base64'));
  }
  await server.stop();
});

async function secrets(command: string, options: string[] = [], answers?: string[]) {
  const args = ['secrets', command, '--dist', dist, ...options];
  const outcome = await session.run({ args, kubeconfig, ...(answers && { answers }) });
  outcomes.push(outcome);
  return outcome;
}
const generate = (...options: string[]) => secrets('generate', options);
const check = (...options: string[]) => secrets('check', options);
const writes = () => server.log.filter((line) => !line.startsWith('GET '));

function envFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'slipway-')), 'values.env');
  writeFileSync(path, text);
  return path;
}

describe('generate', () => {
  test('ALL-50 creates every secret at its length, in hex', async () => {
    expect(await generate('--platform', physics)).toMatchObject({
      exitCode: 0,
      stdout: [
        'created physics-assistant/postgres-agents-api password',
        'created physics-assistant/application JWT_SECRET',
        'created physics-assistant/application ENCRYPTION_KEY',
        'missing physics-assistant/notifications SMTP_PASSWORD (optional)',
      ].join('\n'),
    });
    expect(server.values(physics, 'postgres-agents-api')).toEqual({
      password: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(server.values(physics, 'application')).toEqual({
      JWT_SECRET: expect.stringMatching(/^[0-9a-f]{64}$/),
      ENCRYPTION_KEY: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(server.secrets.has('physics-assistant/notifications')).toBe(false);
  });

  test('ALL-50 labels what it creates', async () => {
    await generate('--platform', physics);
    expect(server.secrets.get('physics-assistant/application')?.metadata.labels).toEqual({
      'app.kubernetes.io/part-of': physics,
      'app.kubernetes.io/managed-by': 'slipway',
    });
  });

  test('ALL-50 adds the missing key of a secret and leaves the others as they are', async () => {
    server.put(physics, 'application', { JWT_SECRET: 'made by hand', OTHER: 'not ours' });
    const { stdout } = await generate('--platform', physics);
    expect(stdout).toContain('kept    physics-assistant/application JWT_SECRET');
    expect(stdout).toContain('created physics-assistant/application ENCRYPTION_KEY');
    expect(server.values(physics, 'application')).toEqual({
      JWT_SECRET: 'made by hand',
      OTHER: 'not ours',
      ENCRYPTION_KEY: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test('ALL-50 a second run writes nothing', async () => {
    await generate('--platform', physics);
    const before = writes().length;
    const { stdout } = await generate('--platform', physics);
    expect(stdout).not.toContain('created');
    expect(writes()).toHaveLength(before);
  });

  test('ALL-50 a key that somebody adds between reading and writing stays theirs', async () => {
    server.put(physics, 'application', { JWT_SECRET: 'made by hand' });
    server.intercept = (method) => {
      if (method !== 'PATCH') return undefined;
      server.intercept = () => undefined;
      server.put(physics, 'application', { JWT_SECRET: 'made by hand', ENCRYPTION_KEY: 'somebody was faster' });
      return undefined;
    };
    const { stdout } = await generate('--platform', physics);
    expect(stdout).toContain('kept    physics-assistant/application ENCRYPTION_KEY');
    expect(server.values(physics, 'application')['ENCRYPTION_KEY']).toBe('somebody was faster');
  });

  test('a dry run prints the plan and sends no write', async () => {
    const dry = await generate('--platform', physics, '--dry-run');
    expect(writes()).toEqual([]);
    expect(dry.stderr).toContain('dry run: nothing was written');
    expect((await generate('--platform', physics)).stdout).toBe(dry.stdout);
  });

  test('ALL-02 what a third party gives comes from a file', async () => {
    const path = envFile(`GROQ_API_KEY=not-this-one-but-that-one\nlanguage-model.GROQ_API_KEY='${groq}'\nDEBUG=1\n`);
    const { exitCode, stdout, stderr } = await generate('--from-env-file', path);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('created ai-governance/language-model GROQ_API_KEY');
    expect(stderr).toContain(`not needed, or not ours to set: DEBUG (${path})`);
    expect(server.values(governance, 'language-model')).toEqual({
      GROQ_API_KEY: groq,
      SECRET_KEY: expect.stringMatching(/^[0-9a-f]{63}$/),
    });
  });

  test('ALL-02 refuses every short or placeholder value before anything is written', async () => {
    const path = envFile('GROQ_API_KEY=your-groq-api-key\nSMTP_PASSWORD=four\n');
    expect(await generate('--from-env-file', path)).toEqual({
      exitCode: 64,
      stdout: '',
      stderr: expect.stringMatching(/^production at http:\/\/127\.0\.0\.1:\d+ \(context test\)\n/),
    });
    expect(outcomes[0]?.stderr.split('\n').slice(1)).toEqual([
      `expected \`GROQ_API_KEY\` to be at least 20 characters, got 17 (${path}:1)`,
      `expected \`GROQ_API_KEY\` to be a secret, got a placeholder (${path}:1)`,
      `expected \`SMTP_PASSWORD\` to be at least 8 characters, got 4 (${path}:2)`,
    ]);
    expect(writes()).toEqual([]);
  });

  test('ALL-02 creates what it can and names what a third party still owes', async () => {
    const { exitCode, stdout, stderr } = await generate('--platform', governance);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('missing ai-governance/language-model GROQ_API_KEY\ncreated');
    expect(stderr).toContain(
      'expected a value for `GROQ_API_KEY` of ai-governance/language-model, got nothing: ' +
        'put it into --from-env-file, or answer on a terminal',
    );
    expect(Object.keys(server.values(governance, 'language-model'))).toEqual(['SECRET_KEY']);
  });

  test('ALL-02 asks on a terminal, and again when the answer will not do', async () => {
    const { exitCode, stdout, stderr } = await secrets('generate', [], ['changeme', groq, '']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('asked   ai-governance/language-model GROQ_API_KEY');
    expect(stdout).toContain('missing physics-assistant/notifications SMTP_PASSWORD (optional)');
    expect(stderr).toContain('to be a secret, got a placeholder\nagain: ');
    expect(server.values(governance, 'language-model')['GROQ_API_KEY']).toBe(groq);
  });

  test('a dry run on a terminal asks nothing', async () => {
    const { exitCode, stdout, stderr } = await secrets('generate', ['--dry-run'], [groq]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('asked   ai-governance/language-model GROQ_API_KEY');
    expect(stderr).not.toContain('GROQ_API_KEY');
  });

  test('writes JSON for programs', async () => {
    const { stdout } = await generate('--platform', governance, '--output', 'json');
    const place = { platform: governance, namespace: governance, secret: 'language-model', optional: false };
    expect(JSON.parse(stdout)).toEqual({
      environment: 'production',
      dryRun: false,
      secrets: [
        { ...place, key: 'GROQ_API_KEY', state: 'missing' },
        { ...place, key: 'SECRET_KEY', state: 'created' },
      ],
    });
  });

  test('ALL-28 leaves external secrets to their store', async () => {
    expect(await generate('--env', 'staging')).toEqual({
      exitCode: 64,
      stdout: '',
      stderr:
        'expected secrets that live in the cluster, got external-secrets (physics-assistant): write the values to ' +
        'the external store, then see kubectl get externalsecrets -n physics-assistant-staging',
    });
    expect(server.log).toEqual([]);
  });

  test('leaves throw-away secrets to their Job', async () => {
    const { exitCode, stderr } = await generate('--env', 'development');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: 'a Job of development makes throw-away values in the cluster',
    });
    expect(server.log).toEqual([]);
  });

  test('what one secret is denied does not hide what became of the others', async () => {
    server.intercept = (method, path) =>
      method === 'POST' && path.includes(governance)
        ? [403, { message: 'secrets "x" is forbidden: exceeded quota: objects, requested: count/secrets=1' }]
        : undefined;
    const { exitCode, stdout, stderr } = await generate();
    expect(exitCode).toBe(1);
    expect(stdout).toContain('created physics-assistant/postgres-agents-api password');
    expect(stderr).toContain(
      'to create secrets in namespace ai-governance, got 403: secrets "x" is forbidden: exceeded',
    );
  });
});

describe('check', () => {
  test('ALL-02 finds nothing wrong after generate', async () => {
    await generate('--platform', physics);
    expect(await check('--platform', physics)).toMatchObject({ exitCode: 0, stdout: 'every secret is in place (3)' });
  });

  test('ALL-02 PHY-26 names every missing, short or placeholder secret and who needs it', async () => {
    server.put(physics, 'application', { JWT_SECRET: 'your-super-secret-key', ENCRYPTION_KEY: '0123456789abcdef' });
    server.put(governance, 'language-model', { SECRET_KEY: 'f'.repeat(64) });
    const { exitCode, stdout, stderr } = await check();
    expect(exitCode).toBe(1);
    expect(stdout.split('\n')).toEqual([
      'expected `GROQ_API_KEY` of ai-governance/language-model to be set, got nothing (needed by backend)',
      'expected `SECRET_KEY` of ai-governance/language-model to be a secret, got a placeholder (needed by backend)',
      'expected `password` of physics-assistant/postgres-agents-api to be set, got no such secret (needed by agents-api)',
      'expected `JWT_SECRET` of physics-assistant/application to be at least 32 characters, got 21 (needed by agents-api, dashboard-api)',
      'expected `JWT_SECRET` of physics-assistant/application to be a secret, got a placeholder (needed by agents-api, dashboard-api)',
      'expected `ENCRYPTION_KEY` of physics-assistant/application to be exactly 32 characters, got 16 (needed by agents-api)',
    ]);
    expect(stderr).toContain('expected every secret to be in place, got 6 findings (production)');
  });

  test('writes JSON for programs', async () => {
    server.put(governance, 'language-model', { SECRET_KEY: '0123456789abcdef'.repeat(4) });
    const { stdout } = await check('--platform', governance, '--output', 'json');
    expect(JSON.parse(stdout)).toEqual({
      environment: 'production',
      findings: [
        {
          ...{ platform: governance, namespace: governance, secret: 'language-model', key: 'GROQ_API_KEY' },
          ...{ problem: 'missing', usedBy: ['backend'] },
          message: expect.stringContaining('to be set, got nothing'),
        },
      ],
    });
  });

  test('ALL-28 looks at external secrets like at any other', async () => {
    server.namespaces.add('physics-assistant-staging');
    const { stdout } = await check('--env', 'staging');
    expect(stdout).toContain('expected `password` of physics-assistant-staging/postgres-agents-api to be set');
  });
});
