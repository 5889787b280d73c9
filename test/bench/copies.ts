import { join } from 'node:path';
import { synthesise } from '../../charts/blocks/output';
import { addPlatforms } from '../../charts/platforms';
import { allSettings } from '../../config';

/** Writes production, all platforms, again and again in one process: `copies.ts HOW-MANY OUTDIR`. Prints the milliseconds. */
const [copies = '', outdir = ''] = process.argv.slice(2);
const production = allSettings().filter(({ environment }) => environment === 'production');
const began = performance.now();
for (let copy = 0; copy < Number(copies); copy++) {
  synthesise(join(outdir, `${copy}`), production, addPlatforms);
}
process.stdout.write(`${performance.now() - began}`);
