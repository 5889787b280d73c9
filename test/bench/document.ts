import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { between } from '../../docs/between';
import { root } from '../support/manifests';

/** Puts the tables of a command between its marks in docs/measurements.md. */
export function writeMeasurements(command: string, tables: string): void {
  const path = join(root, 'docs', 'measurements.md');
  writeFileSync(path, between('docs/measurements.md', readFileSync(path, 'utf8'), command, tables));
}
