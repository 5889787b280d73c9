import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { folderOf, synthesise } from '../charts/blocks/output';
import { addPlatforms, platformNames } from '../charts/platforms';
import { allSettings } from '../config';
import { environments, filesOf, root } from './support/manifests';

const scratch = mkdtempSync(join(tmpdir(), 'slipway-dist-'));
const fresh = join(scratch, 'dist');

beforeAll(() => {
  synthesise(fresh, allSettings(), addPlatforms);
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** What a reviewer reads: the lines that differ, with the object they stand in. */
function difference(folder: string, name: string): string {
  const [committed, synthesised] = [join(root, 'dist', folder, name), join(fresh, folder, name)].map((path) =>
    readFileSync(path, 'utf8'),
  );
  if (committed === synthesised) return '';
  return createTwoFilesPatch(`dist/${folder}/${name}`, 'a fresh synth', committed ?? '', synthesised ?? '', '', '', {
    context: 4,
  });
}

describe.each(environments)('dist of %s', (environment) => {
  const folder = folderOf(environment);

  test('holds the files of a fresh synth', () => {
    expect(filesOf(join(root, 'dist', folder))).toEqual(filesOf(join(fresh, folder)));
  });

  test('ALL-01 holds one file for each platform', () => {
    expect(filesOf(join(root, 'dist', folder))).toEqual(platformNames.map((name) => `${name}.k8s.yaml`).sort());
  });

  test.each(filesOf(join(root, 'dist', folder)))('%s is what a fresh synth writes', (name) => {
    const stale = difference(folder, name);
    if (stale) throw new Error(`expected dist to be fresh: run \`npm run synth\` and commit the result\n${stale}`);
  });
});

test('a second synth writes the same bytes', () => {
  const again = join(scratch, 'again');
  synthesise(again, allSettings(), addPlatforms);
  for (const environment of environments) {
    for (const name of filesOf(join(fresh, folderOf(environment)))) {
      const path = join(folderOf(environment), name);
      expect(readFileSync(join(again, path), 'utf8')).toBe(readFileSync(join(fresh, path), 'utf8'));
    }
  }
});

test('ALL-03 a host that two platforms claim is refused with both names, and nothing is written', () => {
  const [production] = allSettings();
  if (!production) throw new Error('expected settings of production');
  const { domain } = production.physicsAssistant;
  const clash = { ...production, aiGovernance: { ...production.aiGovernance, domain } };
  const outdir = join(scratch, 'clash');
  expect(() => synthesise(outdir, [clash], addPlatforms)).toThrow(
    `expected host \`${domain}\` to belong to one platform, got physics-assistant and ai-governance: change a domain`,
  );
  expect(() => filesOf(outdir)).toThrow(/ENOENT/);
});
