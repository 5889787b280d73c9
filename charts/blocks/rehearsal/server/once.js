'use strict';

/* Plays a program that ends: opens every declared connection once, for a minute at most, and ends with 0 when all answer. */

const { readConfig, refuse } = require('./config.js');
const { watch } = require('./connections.js');
const { log } = require('./log.js');

const { config, problems } = readConfig(process.env);
refuse(problems);

const { results, stop } = watch(config.connections, (name, result) => log('connection', { name, ...result }), {
  everyMilliseconds: 1000,
});
const isUp = () => [...results.values()].every(({ status }) => status === 'up');
const end = (/** @type {number} */ code) => {
  stop();
  clearInterval(poll);
  clearTimeout(limit);
  process.exitCode = code;
};
const poll = setInterval(() => isUp() && end(0), 100);
const limit = setTimeout(() => end(1), 60_000);
