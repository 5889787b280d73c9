import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiObject, type App } from 'cdk8s';
import { synthesise, together } from '../../charts/blocks/output';
import type { Platform } from '../../charts/blocks/platform';
import { platform } from '../support/testing';

const root = mkdtempSync(join(tmpdir(), 'slipway-output-'));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
/** A folder that is not there yet, alone in its parent. */
function fresh(): { parent: string; outdir: string } {
  const parent = join(root, `${(count += 1)}`);
  return { parent, outdir: join(parent, 'dist') };
}

const production = { environment: 'production' };
const staging = { environment: 'staging' };
const development = { environment: 'development' };

/** An app with one ConfigMap, whose text tells one run from another. */
const write = (text: string) => (app: App, settings: { environment: string }) => configMap(school(app, settings), text);
const school = (app: App, settings: { environment: string }, id = 'school') => platform(settings, id, app);
const configMap = (scope: Platform, text: string, id = 'greeting') =>
  new ApiObject(scope, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'greeting' }, data: { text } });
const ingress = (scope: Platform, host: string) =>
  new ApiObject(scope, 'ingress', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'edge' },
    spec: { rules: [{ host }] },
  });

/** Every file below a folder with its bytes. */
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file.slice(folder.length + 1), readFileSync(file, 'utf8')]),
  );

test.each([[[production, staging, development]], [[development, staging, production]]])(
  'ALL-01 production lies at the top, the others in folders of their own, in whatever order they come',
  (environments) => {
    const { outdir } = fresh();
    synthesise(outdir, environments, write('hello'));
    expect(Object.keys(contents(outdir))).toEqual([
      'development/school.k8s.yaml',
      'school.k8s.yaml',
      'staging/school.k8s.yaml',
    ]);
  },
);

test('the same input gives the same bytes', () => {
  const [first, second] = [fresh().outdir, fresh().outdir];
  synthesise(first, [production, staging], write('hello'));
  synthesise(second, [production, staging], write('hello'));
  expect(contents(first)).toEqual(contents(second));
});

test('a second run replaces the first, files that are no longer made included', () => {
  const { outdir } = fresh();
  synthesise(outdir, [production, staging], write('old'));
  synthesise(outdir, [production], write('new'));
  expect(Object.keys(contents(outdir))).toEqual(['school.k8s.yaml']);
  expect(contents(outdir)['school.k8s.yaml']).toContain('text: new');
});

test('a failing environment leaves the former output byte for byte, and nothing beside it', () => {
  const { parent, outdir } = fresh();
  synthesise(outdir, [production, staging], write('old'));
  const former = contents(outdir);
  const build = (app: App, settings: { environment: string }) => {
    if (settings === staging) throw new Error('expected a sound platform');
    write('new')(app, settings);
  };
  expect(() => synthesise(outdir, [production, staging], build)).toThrow(
    new Error('staging: expected a sound platform'),
  );
  expect(contents(outdir)).toEqual(former);
  expect(readdirSync(parent)).toEqual(['dist']);
});

test('what is wrong with several environments is said at once', () => {
  const platforms = ['school', 'library', 'canteen'];
  const build = () =>
    together(platforms, String, (name) => {
      if (name !== 'library') throw new Error(`expected a sound ${name}`);
    });
  expect(() => synthesise(fresh().outdir, [production, staging], build)).toThrow(
    new Error(
      ['production', 'staging']
        .flatMap((place) => [
          `${place}: school: expected a sound school`,
          `${place}: canteen: expected a sound canteen`,
        ])
        .join('\n'),
    ),
  );
});

test('a mistake that shows only when all is declared leaves the former output too', () => {
  const { parent, outdir } = fresh();
  synthesise(outdir, [production], write('old'));
  const former = contents(outdir);
  const build = (app: App, settings: { environment: string }) => {
    school(app, settings).network.connect('nobody', 'nobody', 8000);
  };
  expect(() => synthesise(outdir, [production], build)).toThrow(/expected `nobody` to be a workload/);
  expect(contents(outdir)).toEqual(former);
  expect(readdirSync(parent)).toEqual(['dist']);
});

test("somebody's own file in the folder is refused, and kept", () => {
  const { outdir } = fresh();
  mkdirSync(join(outdir, 'staging'), { recursive: true });
  const file = join(outdir, 'staging', 'notes.txt');
  writeFileSync(file, 'mine');
  expect(() => synthesise(outdir, [production], write('hello'))).toThrow(
    new Error(`expected ${outdir} to hold generated manifests only, got ${file}: move them away`),
  );
  expect(contents(outdir)).toEqual({ 'staging/notes.txt': 'mine' });
});

/** What is wrong with an app, without the frame around it. */
function mistakesOf(build: (app: App) => void): string {
  const { outdir } = fresh();
  try {
    synthesise(outdir, [production], build);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('two objects of one kind and name are named', () => {
  const wrong = mistakesOf((app) => {
    const scope = school(app, production);
    configMap(scope, 'one', 'first');
    configMap(scope, 'two', 'second');
  });
  expect(wrong).toBe(
    'production: Validation failed with the following errors:\nproduction:   [] expected one object ConfigMap school/greeting, got two',
  );
});

test('ALL-03 a host in two platforms is named', () => {
  const wrong = mistakesOf((app) => {
    ingress(school(app, production, 'school'), 'physics.school.edu');
    ingress(school(app, production, 'university'), 'physics.school.edu');
  });
  expect(wrong).toBe(
    'production: Validation failed with the following errors:\n' +
      'production:   [] expected host `physics.school.edu` to belong to one platform, got school and university: change a domain',
  );
});

test('two platforms with hosts of their own are fine', () => {
  const wrong = mistakesOf((app) => {
    ingress(school(app, production, 'school'), 'physics.school.edu');
    ingress(school(app, production, 'university'), 'physics.university.edu');
  });
  expect(wrong).toBe('');
});
