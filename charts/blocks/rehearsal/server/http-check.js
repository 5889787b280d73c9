'use strict';

const http = require('node:http');
const https = require('node:https');

/**
 * Up when the answer is 2xx. Every check opens a connection of its own: one kept alive would outlast the policy that forbids it.
 * @param {{ url: string, path?: string, header?: string, password?: string }} target
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function check({ url, path = '/', header, password }, signal) {
  return new Promise((resolve, reject) => {
    const address = url.replace(/\/$/, '') + path;
    if (!URL.canParse(address) || !/^https?:/.test(address)) throw new Error('expected a URL of http or https');
    const { get } = address.startsWith('https:') ? https : http;
    const headers = header && password ? { [header]: password } : {};
    get(address, { agent: false, signal, headers }, (response) => {
      const { statusCode = 0 } = response.resume();
      if (statusCode >= 200 && statusCode < 300) resolve();
      else reject(new Error(`GET ${path} was answered with status ${statusCode}`));
    }).on('error', reject);
  });
}

module.exports = { check };
