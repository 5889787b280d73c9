import { lowerSnake, upperSnake } from '../environment';
import { limitsOf, type Resources } from '../quantity';

/**
 * redis.conf for a server of this size (ALL-15). A fork for a snapshot copies what is written meanwhile, so the data
 * may fill six tenths of the limit; a full store refuses writes instead of dropping sessions and queued tasks.
 */
export const redisConf = (size: Resources): string =>
  `${Object.entries({
    bind: '* -::*',
    port: '6379',
    dir: '/data',
    aclfile: '/etc/redis-acl/users.acl',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '900 1 300 100',
    maxmemory: `${Math.floor(limitsOf(size).memoryMiB * 0.6)}mb`,
    'maxmemory-policy': 'noeviction',
    'tcp-keepalive': '60',
    timeout: '0',
    loglevel: 'notice',
  })
    .map(([name, value]) => `${name} ${value}`)
    .join('\n')}\n`;

export const passwordVariable = (user: string): string => `PASSWORD_${upperSnake(user)}`;

export const userOf = (service: string): string => lowerSnake(service);

/** What services may not do: change the server, or stall it for everybody. Celery asks for INFO. */
const rights = '~* &* +@all -@admin -@dangerous +info';

/** What the exporter reads, and nothing that users stored. */
const monitoring =
  'resetkeys -@all +@connection +info +config|get +slowlog|get +slowlog|len +latency|latest +latency|histogram ' +
  '+client|list +memory|stats +dbsize';

/**
 * Writes the users into memory, never to a disk: the default user is the operator, each service is itself (PHY-22).
 * The passwords are hashed, so the file holds none.
 */
export const usersScript = (services: readonly string[], monitor: string): string => `set -eu
umask 077
user() {
  echo "user $1 on #$(printf '%s' "$2" | sha256sum | cut -d ' ' -f 1) $3"
}
{
  user default "$REDIS_PASSWORD" '~* &* +@all'
  user ${userOf(monitor)} "$${passwordVariable(monitor)}" '${monitoring}'
${services.map((service) => `  user ${userOf(service)} "$${passwordVariable(service)}" '${rights}'\n`).join('')}} > /etc/redis-acl/users.acl
`;
