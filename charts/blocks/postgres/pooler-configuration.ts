import { onRenewal } from '../shell';
import { role as backupRole } from './backup/configuration';
import { roles } from './patroni';
import { lookups, type PoolerSizes } from './pooler-sizes';
import { carefully } from './superuser';

/** The role as which the pooler looks up what it must know of a client: its only right. */
export const poolerRole = 'pooler';

/** The role as which the exporter reads statistics. */
export const monitor = 'monitor';

/** Roles that log in to the server and never through the pooler, beside superusers and those that replicate. */
const strangers = [poolerRole, monitor, roles.rewind, backupRole];

/** The database in which the pooler looks clients up; no client opens it through the pooler. */
const lookupDatabase = 'postgres';

/** The name under which clients open a database on the replicas. */
export const onReplicas = (database: string): string => `${database}_replicas`;

export const poolerPort = 6432;

/** To its clients and to its server it shows one certificate, and asks for one of the same authority. */
const tls = (side: 'client' | 'server'): string => `${side}_tls_sslmode = verify-full
${side}_tls_ca_file = /tls/ca.crt
${side}_tls_cert_file = /tls/tls.crt
${side}_tls_key_file = /tls/tls.key`;

const scratch = '/run/pgbouncer';

/**
 * Ends a new connection that found a replica: after a failover the Service may point to the old primary for a moment,
 * and its connections would stay in the pool. As the role that logged in: the one it acts as may not end it.
 */
const onlyPrimary = 'set local role none; select pg_terminate_backend(pg_backend_pid()) where pg_is_in_recovery()';

/** The Services that find who writes and who reads. */
export interface Servers {
  readonly primary: string;
  readonly replicas: string;
}

/**
 * pgbouncer.ini: one database, transaction pooling, TLS to both sides (ALL-12, GOV-05, TDA-16). Where somebody reads from
 * the replicas, the database stands there a second time, and does not miss the primary (GOV-04).
 *
 * Source: PgBouncer's documentation, "config.md", at 1.25.
 *
 * @throws Error when the database is the one that clients must not open
 */
export function poolerIni(database: string, { primary, replicas }: Servers, sizes: PoolerSizes): string {
  if (database === lookupDatabase) {
    throw new Error(`expected \`database\` not to be \`${lookupDatabase}\`, which holds no data: choose another name`);
  }
  const looking = `dbname=${lookupDatabase} pool_size=${lookups} max_db_connections=${lookups}`;
  const { reading } = sizes;
  const users = Object.entries({ ...sizes.users, ...reading?.users }).map(
    ([role, own]) => `${role} = pool_size=${own.maxServers} max_user_client_connections=${own.maxClients}`,
  );
  return `[databases]
${database} = host=${primary} port=5432 dbname=${database} max_db_connections=${sizes.maxServers} connect_query='${onlyPrimary}'
; Where clients are looked up. They cannot open it: see hba.conf.
${lookupDatabase} = host=${primary} port=5432 ${looking}
${
  reading
    ? `; For those who read alone, and do not miss the primary when it is gone.
${onReplicas(database)} = host=${replicas} port=5432 dbname=${database} max_db_connections=${reading.maxServers} auth_dbname=${onReplicas(lookupDatabase)}
${onReplicas(lookupDatabase)} = host=${replicas} port=5432 ${looking}
`
    : ''
}
; Shares that fit max_db_connections together.
[users]
${users.join('\n')}

[pgbouncer]
listen_addr = *
listen_port = ${poolerPort}
; The console is here, for the user of the process as \`pgbouncer\` and for nobody else.
unix_socket_dir = ${scratch}
admin_users =
stats_users =

pool_mode = transaction
max_prepared_statements = 200
ignore_startup_parameters = extra_float_digits

; hba.conf asks for SCRAM, whose secret is the server's own.
auth_type = hba
auth_hba_file = /etc/pgbouncer/hba.conf
auth_file = ${scratch}/userlist.txt
auth_user = ${poolerRole}
auth_dbname = ${lookupDatabase}
auth_query = select name, secret from pooler.lookup($1)

${tls('client')}
${tls('server')}

max_client_conn = ${sizes.maxClients}
default_pool_size = 1
; What nobody needs for a minute is another client's.
server_idle_timeout = 60
server_lifetime = 600

; A server that is gone is noticed in eleven seconds, whether a query waits for it or not; the next is tried twice a second.
server_connect_timeout = 5
server_login_retry = 0.5
server_check_delay = 5
query_wait_timeout = 30
tcp_keepalive = 1
tcp_keepidle = 5
tcp_keepintvl = 3
tcp_keepcnt = 2
tcp_user_timeout = 10000
; A Service keeps its address as long as it lives. Half of the name servers may be gone with a node, for 40 seconds: who
; does not ask then does not wait for them.
dns_max_ttl = 3600
dns_nxdomain_ttl = 2

; Disconnections are on: why a server was lost stands nowhere else.
log_connections = 0
log_stats = 0
`;
}

/**
 * Who may open what: a client its one database, over TLS and with its password, and who reads alone the same on the
 * replicas; the pooler's own role nothing.
 */
export const poolerHba = (database: string, readers: readonly string[]): string =>
  [
    `hostssl all ${poolerRole} all reject`,
    ...readers.flatMap((reader) => [
      `hostssl ${onReplicas(database)} ${reader} all scram-sha-256`,
      `hostssl all ${reader} all reject`,
    ]),
    `hostssl ${database} all all scram-sha-256`,
    '',
  ].join('\n');

/** Writes down the one password that the pooler knows, hands renewed certificates to it, and becomes PgBouncer. */
export const poolerStart = `set -eu
umask 077
printf '"${poolerRole}" "%s"\\n' "\${POOLER_PASSWORD//\\"/\\"\\"}" > ${scratch}/userlist.txt
unset POOLER_PASSWORD
{
  ${onRenewal('kill -HUP $$')}
} &
# Each client is an open file, and a runtime may allow no more than 1024 at first.
ulimit -n "$(ulimit -Hn)"
exec pgbouncer /etc/pgbouncer/pgbouncer.ini
`;

/** Seconds until Services have forgotten the pod, and those that its transactions have from then on. */
const [forgotten, transactions] = [5, 45];

/** Kubernetes waits this long; the rest is for sessions that are cut off at the end. */
export const poolerGraceSeconds = forgotten + transactions + 10;

/**
 * Before the stop signal: serves until Services have forgotten the pod, then takes no new client and ends when the last
 * transaction has. The stop signal itself, a second one, would cut transactions off: it comes when this has ended.
 */
export const poolerStop = `pooler=1
sleep ${forgotten}
kill -INT $pooler
for _ in {1..${transactions}}; do
  sleep 1
  kill -0 $pooler 2> /dev/null || exit 0
done
`;

/** SQL for psql, as often as it runs, once the role is there: it finds a client's SCRAM secret, and nobody else's. */
export const lookupSql = `\\set ON_ERROR_STOP on
\\connect ${lookupDatabase}
${carefully}
create schema if not exists pooler;
create or replace function pooler.lookup(login text, out name text, out secret text) returns setof record
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$
    select rolname::text, rolpassword from pg_authid
    where rolname = login and rolcanlogin and not rolsuper and not rolreplication
      and (rolvaliduntil is null or rolvaliduntil > now())
      and rolname not in (${strangers.map((role) => `'${role}'`).join(', ')})
  $$;
revoke all on function pooler.lookup(text) from public;
grant usage on schema pooler to ${poolerRole};
grant execute on function pooler.lookup(text) to ${poolerRole};
grant connect on database ${lookupDatabase} to ${poolerRole};
`;
