import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What tests write goes to one folder, and with it at their end, whatever they left there. */
export default function setup(): void {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-'));
  // Servers have users of their own.
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = process.env.SLIPWAY_TESTS_FOLDER = folder;
}
