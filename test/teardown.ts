import { rmSync } from 'node:fs';

/** Removes what the tests wrote. */
export default function teardown(): void {
  if (process.env.SLIPWAY_TESTS_FOLDER) rmSync(process.env.SLIPWAY_TESTS_FOLDER, { recursive: true, force: true });
}
