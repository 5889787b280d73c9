'use strict';

/**
 * What a client needs to reach a server and log in.
 * @typedef {{ url: string, user?: string, password?: string }} Login
 *   `user` and `password`, where given, win over those in the URL.
 * @typedef {{ scheme: string, host: string, port: number, user: string, password: string, path: string,
 *   parameters: URLSearchParams }} Address
 */

/**
 * Takes a connection URL apart. Errors name the scheme at most: a URL holds a password.
 * @param {Login} login
 * @param {string[]} schemes
 * @param {number} defaultPort
 * @returns {Address}
 */
function address(login, schemes, defaultPort) {
  if (!URL.canParse(login.url)) throw new Error(`expected a URL like ${schemes[0]}://host:${defaultPort}`);
  const url = new URL(login.url);
  // SQLAlchemy writes the driver into the scheme: postgresql+asyncpg.
  const scheme = url.protocol.slice(0, -1).replace(/\+(asyncpg|psycopg2?|pg8000)$/, '');
  if (!schemes.includes(scheme)) throw new Error(`expected a URL of ${schemes.join(' or ')}, got ${scheme}`);
  if (!url.hostname) throw new Error(`expected a URL of ${scheme} with a host, got none`);
  return {
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || defaultPort,
    user: login.user ?? decodeURIComponent(url.username),
    password: login.password ?? decodeURIComponent(url.password),
    path: decodeURIComponent(url.pathname.slice(1)),
    parameters: url.searchParams,
  };
}

module.exports = { address };
