#!/usr/bin/env node
// The whole program is TypeScript; this file only teaches Node to read it, from whatever folder it is called.
// Deprecations inside dependencies (punycode on Node 21 and newer) are nothing that the reader of a terminal can act on.
process.noDeprecation = true;
require('tsx/cjs/api').register();

const { run } = require('./cli');
const { processTerminal } = require('./output');

// Loaded on demand: the Kubernetes client takes half a second, and --help should not.
const connect = (/** @type {string | undefined} */ context) => require('./cluster').Cluster.connect(context);

run(process.argv.slice(2), { terminal: processTerminal(), connect }).then((exitCode) => {
  process.exitCode = exitCode;
});
