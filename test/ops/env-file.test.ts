import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvFile } from '../../ops/env-file';

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'slipway-')), 'values.env');
  writeFileSync(path, text);
  return path;
}
const valuesOf = (text: string) => [...readEnvFile(fileOf(text))].map(([name, { value }]) => [name, value]);

test.each([
  ['A=one', 'one'],
  ['A = one  ', 'one'],
  ['export A=one', 'one'],
  ['A=one # a remark', 'one'],
  ['A=one#two', 'one#two'],
  ['A=a=b==', 'a=b=='],
  ['A=', ''],
  ['A= # still to do', ''],
  [`A='one # "two" \\n'`, 'one # "two" \\n'],
  ['A="one\\ntwo \\"three\\" \\\\" # a remark', 'one\ntwo "three" \\'],
  ['\uFEFFA=one\r\n', 'one'],
])('reads %j', (text, value) => {
  expect(valuesOf(text)).toEqual([['A', value]]);
});

test('takes SECRET.KEY as a name, and skips comments and empty lines', () => {
  expect(valuesOf('# mail\n\nnotifications.SMTP_PASSWORD=one\n  # end\n')).toEqual([
    ['notifications.SMTP_PASSWORD', 'one'],
  ]);
});

test('names every broken line, and none of the values', () => {
  const path = fileOf("A=one\nhush-1\nB=\"hush-2\nA=hush-3\nC='hush'4");
  expect(() => readEnvFile(path)).toThrow(
    [
      `expected KEY=VALUE, got something else (${path}:2)`,
      `expected \`B\` to end its quotes, got an open one (${path}:3)`,
      `expected \`A\` once, got it again (${path}:4, first ${path}:1)`,
      `expected \`C\` to end its quotes, got an open one (${path}:5)`,
    ].join('\n'),
  );
});

test('says which file cannot be read', () => {
  expect(() => readEnvFile('/nowhere/values.env')).toThrow(
    'expected `--from-env-file` to be a file to read, got ENOENT (/nowhere/values.env)',
  );
});
