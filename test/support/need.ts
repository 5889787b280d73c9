import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/**
 * Fails a tier whose programs are missing.
 *
 * @param programs what to install for each command
 * @throws Error with one line that names all that is missing
 */
export function need(programs: Readonly<Record<string, string>>): void {
  const missing = Object.entries(programs).filter(([program]) => !onPath(program));
  if (missing.length === 0) return;
  throw new Error(`expected on PATH: ${missing.map(([program, what]) => `${program} (install ${what})`).join(', ')}`);
}

const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
