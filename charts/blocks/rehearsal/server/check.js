'use strict';

/* For exec probes: exits 0 when the server in this container says that it is healthy, else 1 with its words on stderr. */

const http = require('node:http');
const { readConfig, refuse } = require('./config.js');
const { describe } = require('./log.js');

const { config, problems } = readConfig(process.env);
refuse(problems);

/** @param {string} text */
function unhealthy(text) {
  process.stderr.write(`${text.trimEnd()}\n`);
  process.exitCode = 1;
}

const url = `http://127.0.0.1:${config.port ?? config.metricsPort}${config.health[0]}`;
http
  .get(url, { agent: false, signal: AbortSignal.timeout(3000) }, async (response) => {
    try {
      const body = (await response.setEncoding('utf8').toArray()).join('');
      if (response.statusCode !== 200) unhealthy(body);
    } catch (error) {
      unhealthy(`${url}: ${describe(error)}`);
    }
  })
  .on('error', (error) => unhealthy(`${url}: ${describe(error)}`));
