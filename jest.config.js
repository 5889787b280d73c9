/** The tiers: what each needs, and what it shows, is described in CONTRIBUTING.md. */
const transform = {
  '^.+\\.[cm]?[jt]s$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }],
};
const tier = (displayName, more) => ({ displayName, transform, testEnvironment: 'node', ...more });

module.exports = {
  // A test waits for programs that it starts; on a busy machine their start says nothing about them.
  testTimeout: 60_000,
  maxWorkers: '100%',
  globalSetup: '<rootDir>/test/setup.ts',
  globalTeardown: '<rootDir>/test/teardown.ts',
  projects: [
    tier('fast', {
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        ...['cluster', 'programs', 'checkers'].map((name) => `<rootDir>/test/${name}/`),
      ],
    }),
    tier('programs', { testMatch: ['<rootDir>/test/programs/**/*.test.ts'] }),
    tier('checkers', { testMatch: ['<rootDir>/test/checkers/**/*.test.ts'] }),
    tier('cluster', {
      testMatch: ['<rootDir>/test/cluster/**/*.test.ts'],
      globalSetup: '<rootDir>/test/cluster/setup.ts',
      globalTeardown: '<rootDir>/test/cluster/teardown.ts',
    }),
  ],
};
