import { createInterface } from 'node:readline';
import { Writable, type Readable } from 'node:stream';
import { exit, Failure } from './errors';

/** Where a command reads and writes: results, notes and problems, and the person, if there is one. */
export interface Terminal {
  /** One line of the result, to stdout. */
  result(line: string): void;
  /** One line beside the result, to stderr. */
  note(line: string): void;
  /** Asks for one line without echo; absent when nobody is there to answer. */
  readonly ask?: (question: string) => Promise<string>;
}

/** What a program in the cluster reads and writes through us, byte by byte. */
export interface Streams {
  /** With `setRawMode` on a terminal, where every key goes to the program, ctrl-c too. */
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    result: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    ...(process.stdin.isTTY && { ask: (question) => askHidden(question, process.stdin, process.stderr) }),
  };
}

/** Reads one line that appears nowhere: readline echoes into a stream that drops it. @throws Failure on ctrl-c */
export async function askHidden(question: string, input: Readable, output: Writable): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  output.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      reader.once('line', resolve);
      reader.once('SIGINT', () => reject(new Failure(exit.interrupted, ['interrupted, nothing was written'])));
      // The end of the input is an empty answer.
      reader.once('close', () => resolve(''));
    });
  } finally {
    reader.close();
    output.write('\n');
  }
}
