import { readFileSync } from 'node:fs';
import { readme, withSizes } from '../docs/sizes';

/** What stands in the columns; their width is the formatter's. */
const bare = (text: string) => text.replaceAll(/ +|-{3,}/g, ' ');

test('ALL-06 GOV-01 the table of sizes in the README is what the settings give', () => {
  const text = readFileSync(readme, 'utf8');
  try {
    expect(bare(withSizes(text))).toBe(bare(text));
  } catch (difference) {
    throw new Error(
      `expected README.md to be fresh: run \`npm run sizes && npm run format\`\n${(difference as Error).message}`,
      { cause: difference },
    );
  }
});

test('a README without a place for the table is refused', () => {
  expect(() => withSizes('# Slipway\n')).toThrow(
    /^expected <!-- npm run sizes --> and .* in README.md, got no such lines$/,
  );
});
