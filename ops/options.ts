import { join } from 'node:path';
import { Option, type Command } from 'commander';
import type { Cluster } from './cluster';
import type { Terminal } from './output';

/** What every command is given to work with. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly connect: (context?: string) => Cluster;
}

/** What every command takes. */
export interface CommonOptions {
  readonly env: string;
  /** All platforms when absent. */
  readonly platform?: string;
  readonly dist: string;
  /** The kubeconfig's current context when absent. */
  readonly context?: string;
  readonly output: 'text' | 'json';
}

/** Adds the options that every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--env <name>', 'the environment', 'production')
    .option('--platform <name>', 'one platform (default: all)')
    .addOption(
      new Option('--dist <folder>', 'the manifests').default(join(__dirname, '..', 'dist'), "the repository's dist"),
    )
    .option('--context <name>', 'the kubeconfig context (default: the current one)')
    .addOption(new Option('--output <format>', 'what stdout carries').choices(['text', 'json']).default('text'));
}
