const { basename } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** The suites that share the platforms of development stand side by side, so that those are started once. */
const shared = ['rehearsal', 'policies', 'backup', 'physics-assistant', 'independence', 'release'];

/** @param {import('@jest/test-result').Test} test */
const place = ({ path }) => shared.indexOf(basename(path, '.test.ts'));

module.exports = class extends Sequencer {
  /**
   * @override
   * @param {import('@jest/test-result').Test[]} tests
   */
  sort(tests) {
    return [...tests].sort((a, b) => place(a) - place(b));
  }
};
