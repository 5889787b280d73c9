import { join } from 'node:path';
import { Option, type Command } from 'commander';
import type { Cluster } from './cluster';
import type { Streams, Terminal } from './output';

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

/** What commands take that give a result. */
export interface CommonOptions extends TargetOptions {
  readonly output: 'text' | 'json';
}

/** Adds the options that every command takes. */
export function withTargetOptions(command: Command): Command {
  return command
    .option('--env <name>', 'the environment', 'production')
    .option('--platform <name>', 'one platform (default: all)')
    .addOption(
      new Option('--dist <folder>', 'the manifests').default(join(__dirname, '..', 'dist'), "the repository's dist"),
    )
    .option('--context <name>', 'the kubeconfig context (default: the current one)');
}

/** Adds the options that commands take that give a result. */
export function withCommonOptions(command: Command): Command {
  return withTargetOptions(command).addOption(
    new Option('--output <format>', 'what stdout carries').choices(['text', 'json']).default('text'),
  );
}
