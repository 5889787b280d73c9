import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { platformNames } from '../../charts/platforms';
import { everywhere, placesOf } from '../support/everywhere';
import { environments, root } from '../support/manifests';
import { inTurn, measure, median, type Run } from './measure';
import { table } from '../support/table';

/**
 * How long a synth takes, against what no cdk8s program can do without, measured in the same minutes on the same
 * machine. Ends with 1 when a target is missed.
 */
const markdown = process.argv.includes('--markdown');
const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const targets: { readonly what: string; readonly figure: string; readonly limit: string; readonly missed: boolean }[] =
  [];
const target = (what: string, figure: number, limit: number, unit: string): void => {
  const text = (value: number) => `${Number(value.toFixed(2))} ${unit}`;
  targets.push({ what, figure: text(figure), limit: text(limit), missed: figure > limit });
};
const print = (text: string): void => void process.stdout.write(`${text}\n\n`);
const milliseconds = (runs: readonly Run[]): number => median(runs.map((run) => run.milliseconds));
const peak = (runs: readonly Run[]): number => Math.max(...runs.map(({ peakMiB }) => peakMiB));

const count = everywhere.flatMap(({ objects }) => objects).length;
const objectsFile = join(folder, 'objects.json');
const written = environments.map((environment) =>
  placesOf(environment).map((place) => [place.platform, place.objects]),
);
writeFileSync(objectsFile, JSON.stringify(written.map((files) => Object.fromEntries(files))));

const tsx = ['--import', 'tsx'];
const cdk8s = join(root, 'node_modules', 'cdk8s-cli', 'bin', 'cdk8s');
const programs = {
  floor: () => measure([...tsx, 'test/bench/floor.ts', objectsFile, join(folder, 'floor')]),
  synth: () => measure([...tsx, 'main.ts'], { CDK8S_OUTDIR: join(folder, 'synth') }),
  cli: () => measure([cdk8s, 'synth', '-o', join(folder, 'cli')]),
};
inTurn(1, programs); // the first run of each compiles
const { floor, synth } = inTurn(7, { floor: programs.floor, synth: programs.synth });
const { cli } = inTurn(5, { cli: programs.cli });

const ratio = milliseconds(synth) / milliseconds(floor);
const row = (name: string, runs: readonly Run[]) => [
  name,
  `${count}`,
  milliseconds(runs).toFixed(0),
  (milliseconds(runs) / count).toFixed(2),
  peak(runs).toFixed(0),
  (milliseconds(runs) / milliseconds(floor)).toFixed(2),
];
print(
  table(
    [
      `${platformNames.length} platforms × ${environments.length} environments, whole process`,
      'objects',
      'ms',
      'ms an object',
      'peak MiB',
      'times the floor',
    ],
    [
      row('floor: Node, cdk8s, the same objects once', floor),
      row('npm run synth', synth),
      [...row('cdk8s synth', cli).slice(0, 4), '', row('', cli)[5] ?? ''],
    ],
    markdown,
  ),
);
target('npm run synth', ratio, 2, '× the floor');
target('peak of npm run synth', peak(synth), 250, 'MiB');
target('cdk8s synth', milliseconds(cli) / 1000, 4, 's');

const objects = placesOf('production').flatMap((place) => place.objects).length;
const copies = (number: number) => () => measure([...tsx, 'test/bench/copies.ts', `${number}`, join(folder, 'copies')]);
const grown = inTurn(3, { '1': copies(1), '10': copies(10), '100': copies(100) });
const perObject = (number: keyof typeof grown): number =>
  median(grown[number].map(({ stdout }) => Number(stdout))) / (Number(number) * objects);
print(
  table(
    ['copies of production, all platforms, one process', 'objects', 'ms', 'ms an object', 'peak MiB'],
    (Object.keys(grown) as (keyof typeof grown)[]).map((number) => {
      const all = Number(number) * objects;
      const each = perObject(number);
      return [number, `${all}`, (each * all).toFixed(0), each.toFixed(3), peak(grown[number]).toFixed(0)];
    }),
    markdown,
  ),
);
target('an object among 100 copies', perObject('100') / perObject('10'), 1.15, '× one among 10');
target('an object among 100 copies', perObject('100') / perObject('1'), 1.15, '× one alone');

print(
  table(
    ['target', 'figure', 'limit'],
    targets.map(({ what, figure, limit }) => [what, figure, limit]),
    markdown,
  ),
);
for (const { what, figure, limit } of targets.filter(({ missed }) => missed)) {
  process.stderr.write(`expected ${what} to take at most ${limit}, got ${figure}\n`);
  process.exitCode = 1;
}
