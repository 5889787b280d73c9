import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Cluster } from './cluster';
import type { Streams, Terminal } from './output';

/** What the options are that nobody gives. */
export const defaults = { env: 'production', dist: join(__dirname, '..', 'dist'), timeout: 300 } as const;

/** What every command is given to work with. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly connect: (context?: string) => Cluster;
  /** What a program in the cluster is joined to. @default - this process's own */
  readonly streams?: Streams;
}

/** Which platforms and cluster a command is about. */
export interface TargetOptions {
  readonly env: string;
  /** All platforms when absent. */
  readonly platform?: string;
  readonly dist: string;
  /** The kubeconfig's current context when absent. */
  readonly context?: string;
}

/** What commands take that start programs. */
export interface RunOptions extends TargetOptions {
  /** Seconds until a pod runs. */
  readonly timeout: number;
}

/** What commands take that give a result. */
export interface CommonOptions extends TargetOptions {
  readonly output: 'text' | 'json';
}

/** Adds the options that every command takes. */
export function withTargetOptions(command: Command, platform = 'one platform (default: all)'): Command {
  return command
    .option('--env <name>', 'the environment', defaults.env)
    .option('--platform <name>', platform)
    .addOption(new Option('--dist <folder>', 'the manifests').default(defaults.dist, "the repository's dist"))
    .option('--context <name>', 'the kubeconfig context (default: the current one)');
}

/** Adds the options that commands take that start a program. */
export function withRunOptions(command: Command): Command {
  return withTargetOptions(command, 'the platform (default: the only one that has it)').option(
    '--timeout <seconds>',
    'how long a pod may take to start',
    whole('seconds'),
    defaults.timeout,
  );
}

/** Reads a whole number above zero. */
export function whole(what: string): (text: string) => number {
  return (text) => {
    if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
    throw new InvalidArgumentError(`expected whole ${what}, got ${text}`);
  };
}

/** Adds the options that commands take that give a result. */
export function withCommonOptions(command: Command): Command {
  return withTargetOptions(command).addOption(
    new Option('--output <format>', 'what stdout carries').choices(['text', 'json']).default('text'),
  );
}
