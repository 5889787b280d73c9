import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { readInventories } from '../../ops/commands/secrets/inventory';
import { environmentFolder } from '../../ops/manifests';
import type { CommonOptions } from '../../ops/options';

const dist = join(__dirname, 'fixtures', 'dist');
const at = relative(process.cwd(), dist);
const options = (more: Partial<CommonOptions> = {}): CommonOptions => ({
  env: 'production',
  dist,
  output: 'text',
  ...more,
});

/** A copy of the fixture in which one file is another. */
function distWith(name: string, change: (text: string) => string): string {
  const copy = mkdtempSync(join(tmpdir(), 'slipway-'));
  cpSync(dist, copy, { recursive: true });
  writeFileSync(join(copy, name), change(readFileSync(join(copy, name), 'utf8')));
  return copy;
}

test('reads production from the top of dist and nothing else', () => {
  const inventories = readInventories(options());
  expect(inventories.map(({ platform, namespace, backend }) => [platform, namespace, backend])).toEqual([
    ['ai-governance', 'ai-governance', 'cluster'],
    ['physics-assistant', 'physics-assistant', 'cluster'],
  ]);
});

test('reads another environment from its folder', () => {
  const [staging] = readInventories(options({ env: 'staging' }));
  expect(staging).toMatchObject({ namespace: 'physics-assistant-staging', backend: 'external-secrets' });
});

test('keeps the platform that was asked for', () => {
  const chosen = readInventories(options({ platform: 'ai-governance' }));
  expect(chosen.map(({ platform }) => platform)).toEqual(['ai-governance']);
});

test('an unknown environment lists the known ones', () => {
  expect(() => environmentFolder(dist, 'prod')).toThrow(
    `expected \`--env\` to be one of production, development, staging, got prod (${at})`,
  );
});

test('an unknown platform lists the known ones', () => {
  expect(() => readInventories(options({ platform: 'physics' }))).toThrow(
    `expected \`--platform\` to be one of ai-governance, physics-assistant, got physics (${at})`,
  );
});

test.each([['/nowhere/dist'], [mkdtempSync(join(tmpdir(), 'slipway-'))]])(
  'a dist without manifests says so: %s',
  (empty) => {
    expect(() => environmentFolder(empty, 'production')).toThrow(
      `expected manifests (*.k8s.yaml) in ${empty}, got none: run npm run synth`,
    );
  },
);

test('a folder without manifests is no environment', () => {
  const copy = distWith('ai-governance.k8s.yaml', (text) => text);
  mkdirSync(join(copy, 'notes'));
  expect(() => environmentFolder(copy, 'notes')).toThrow('to be one of production, development, staging, got notes');
});

test('an environment without an inventory says so', () => {
  const copy = distWith('staging/physics-assistant.k8s.yaml', (text) => text.replace('slipway.dev/inventory', 'other'));
  expect(() => readInventories(options({ dist: copy, env: 'staging' }))).toThrow(
    `expected an inventory of secrets for staging, got none (${copy}): run npm run synth`,
  );
});

test('all faults of an inventory are listed with their field', () => {
  const name = 'ai-governance.k8s.yaml';
  const copy = distWith(name, (text) =>
    text
      .replace('"cluster"', '"vault"')
      .replace('"characters":63', '"characters":8')
      .replace('"name":"language-model"', '"name":7'),
  );
  const remedy = `(${join(copy, name)}): run npm run synth`;
  expect(() => readInventories(options({ dist: copy }))).toThrow(
    [
      `expected \`inventory.json.backend\` to be one of "cluster"|"external-secrets"|"disposable" ${remedy}`,
      `expected \`inventory.json.secrets.0.name\` to be string, got number ${remedy}`,
      `expected \`inventory.json.secrets.0.keys.1.characters\` to be \`minimum\` or more for a generated key ${remedy}`,
    ].join('\n'),
  );
});

test('a file that is no manifest is named, not quoted', () => {
  const name = 'ai-governance.k8s.yaml';
  const copy = distWith(name, (text) => `${text}\n  {{ slipway.dev/inventory`);
  expect(() => readInventories(options({ dist: copy }))).toThrow(
    `expected Kubernetes manifests in ${join(copy, name)}, got something else: run npm run synth`,
  );
});
