import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiScript } from '../scripts';

const folder = join(__dirname, 'scripts');

/** What a restore runs, by file name, for the folder /restore. */
export const restoreScripts: Readonly<Record<string, string>> = {
  ...apiScript,
  ...Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.py'))
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  ),
};
