import { PassThrough } from 'node:stream';
import { askHidden } from '../../ops/output';

async function asking(typed: string) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const answer = askHidden('value: ', input, output);
  input.write(typed);
  const outcome = await answer.catch((error: Error) => error.message);
  return { outcome, seen: String(output.read()) };
}

test('ALL-50 a value that is typed appears nowhere', async () => {
  expect(await asking('hush-hush\r')).toEqual({ outcome: 'hush-hush', seen: 'value: \n' });
});

test('ctrl-d leaves the value out', async () => {
  expect(await asking('\u0004')).toMatchObject({ outcome: '' });
});

test('ctrl-c ends the command', async () => {
  expect(await asking('hus\u0003')).toMatchObject({ outcome: 'interrupted, nothing was written' });
});
