import { PassThrough } from 'node:stream';
import { run } from '../../ops/cli';
import { Cluster } from '../../ops/cluster';
import type { Request } from './session';

/** The other end of `Session`: runs each command line that arrives and sends back all that it wrote. */
process.on('message', async ({ id, args, kubeconfig, answers, input = '' }: Request & { id: number }) => {
  process.env['KUBECONFIG'] = kubeconfig;
  const stdout: string[] = [];
  const stderr: string[] = [];
  const left = [...(answers ?? [])];
  const ask = async (question: string) => {
    stderr.push(question);
    return left.shift() ?? '';
  };
  const terminal = {
    result: (line: string) => void stdout.push(line),
    note: (line: string) => void stderr.push(line),
    ...(answers && { ask }),
  };
  const streams = { stdin: new PassThrough(), stdout: new PassThrough() };
  const written: Buffer[] = [];
  streams.stdin.end(input);
  streams.stdout.on('data', (chunk: Buffer) => written.push(chunk));
  const exitCode = await run(args, { terminal, connect: Cluster.connect, streams });
  const output = stdout.join('\n') + Buffer.concat(written).toString();
  process.send?.({ id, exitCode, stdout: output, stderr: stderr.join('\n') });
});
