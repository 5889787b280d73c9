import { run } from '../../ops/cli';
import type { Request } from './session';

/** The other end of `Session`: runs each command line that arrives and sends back all that it wrote. */
process.on('message', async ({ id, args, kubeconfig, answers }: Request & { id: number }) => {
  process.env['KUBECONFIG'] = kubeconfig;
  const stdout: string[] = [];
  const stderr: string[] = [];
  const left = [...(answers ?? [])];
  const ask = async (question: string) => {
    stderr.push(question);
    return left.shift() ?? '';
  };
  const exitCode = await run(args, {
    result: (line) => stdout.push(line),
    note: (line) => stderr.push(line),
    ...(answers && { ask }),
  });
  process.send?.({ id, exitCode, stdout: stdout.join('\n'), stderr: stderr.join('\n') });
});
