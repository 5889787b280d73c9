import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../ops/cli';

const root = join(__dirname, '..', '..');

const unreachable = () => {
  throw new Error('expected no connection');
};

async function slipway(...args: string[]) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return {
    exitCode: await run(args, { terminal: { result: write, note: write }, connect: unreachable }),
    text: lines.join('\n'),
  };
}

test('runs from any folder', async () => {
  const bin = join(root, 'ops', 'slipway.cjs');
  const { stdout } = await promisify(execFile)(bin, ['secrets', '--help'], { cwd: tmpdir() });
  expect(stdout).toContain('Usage: slipway secrets [options] [command]');
});

test('help is no failure', async () => {
  expect(await slipway('secrets', 'generate', '--help')).toMatchObject({ exitCode: 0 });
});

test('an unknown command gets a suggestion', async () => {
  expect(await slipway('secret')).toEqual({
    exitCode: 64,
    text: "unknown command 'secret'\n(Did you mean secrets?)\n(add --help for the options)",
  });
});

test('an unknown option gets a suggestion', async () => {
  const { exitCode, text } = await slipway('secrets', 'check', '--evn', 'staging');
  expect(exitCode).toBe(64);
  expect(text).toContain("unknown option '--evn'\n(Did you mean --env?)");
});

test('ALL-50 no option takes a value of a secret', async () => {
  const { text } = await slipway('secrets', 'generate', 'SMTP_PASSWORD=hush');
  expect(text).toContain('too many arguments');
});

test('an output format that does not exist lists those that do', async () => {
  const { exitCode, text } = await slipway('secrets', 'check', '--output', 'yaml');
  expect(exitCode).toBe(64);
  expect(text).toContain('Allowed choices are text, json.');
});
