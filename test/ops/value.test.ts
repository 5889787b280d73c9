import { faultsOf, isPlaceholder, randomHex } from '../../ops/commands/secrets/value';

const key = { key: 'K', origin: 'generated' as const, optional: false, usedBy: [] };

// Every sample value of the five source documents.
test.each([
  'your_secure_postgres_password',
  'your_jwt_secret_key_32_chars_minimum',
  'your_session_secret_64_chars_long',
  'your_aws_access_key',
  'secure_redis_password',
  'secure_physics_db_password',
  'your-super-secret-key',
  'your-jwt-secret-key',
  'your-smtp-password',
  'your_password',
  '<generate-with-openssl-rand-hex-32>',
  '<your-groq-api-key>',
  'your_sentry_dsn_for_error_tracking',
  'your_very_secure_32_character_encryption_key_here',
  'replica_password',
])('ALL-02 takes the sample %s of a source document for a placeholder', (value) => {
  expect(isPlaceholder(value)).toBe(true);
});

test.each([
  'ChangeMe!2024',
  'CHANGE_ME',
  'mail.example.com',
  'Placeholder',
  'password123',
  'my-secret_key',
  'REPLACE-ME',
])('ALL-02 takes %s for a placeholder', (value) => expect(isPlaceholder(value)).toBe(true));

test.each(['xxx', 'sk-xxx', 'sk_xxxxxxxx', 'XXX-XXX', '0'.repeat(64), '${SMTP_PASSWORD}'])(
  'ALL-02 takes the filler %s for a placeholder',
  (value) => expect(isPlaceholder(value)).toBe(true),
);

test.each(['gsk_9fXxXq2LrTxxxU7bM1', 'SG.k3_yR-secureZ.Qm0pW', '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END'])(
  'ALL-02 takes %j for a secret',
  (value) => expect(isPlaceholder(value)).toBe(false),
);

test('ALL-50 random hex has the length asked for, and is never taken for a placeholder', () => {
  const values = Array.from({ length: 2000 }, (_, index) => randomHex(16 + (index % 64)));
  expect(values.filter((value, index) => !/^[0-9a-f]+$/.test(value) || value.length !== 16 + (index % 64))).toEqual([]);
  expect(values.filter(isPlaceholder)).toEqual([]);
  expect(new Set(values).size).toBe(values.length);
});

test.each([
  [{ characters: 64, minimum: 32, exact: false }, 31, ['to be at least 32 characters, got 31']],
  [{ characters: 64, minimum: 32, exact: false }, 32, []],
  [{ characters: 32, minimum: 32, exact: true }, 33, ['to be exactly 32 characters, got 33']],
  [{ characters: 32, minimum: 32, exact: true }, 32, []],
  [{ characters: 0, minimum: 0, exact: false }, 0, ['to be at least 1 characters, got 0']],
])('ALL-02 holds %j against %i characters', (lengths, length, expected) => {
  const value = '0123456789abcdef'.repeat(3).slice(0, length);
  expect(faultsOf(value, { ...key, ...lengths }).map(({ text }) => text)).toEqual(expected);
});

test('ALL-02 names both faults of a short placeholder', () => {
  const faults = faultsOf('changeme', { ...key, characters: 64, minimum: 32, exact: false });
  expect(faults.map(({ problem }) => problem)).toEqual(['length', 'placeholder']);
});
