import { lowerSnake, upperSnake } from '../environment';
import { databaseGrants, serverGrants } from './backup/accounts';
import { role as backupRole } from './backup/configuration';
import { roles } from './patroni';
import { drillsSql } from './restore/drills';
import { lookupSql, poolerRole } from './pooler-configuration';
import { carefully } from './superuser';

/** Users with less than the owner's rights, by the names of a document (TDA-05). */
export interface Users {
  /** Reads and writes rows, and changes no table: clients act as it. @default - clients act as the owner */
  readonly application?: string;
  /** Reads rows, as far as a table's policies let it, and writes nothing: who reads from the replicas acts as it. @default read_only */
  readonly readOnly?: string;
  /** Logs in, reads everything, whatever a table's policies hide, and writes nothing. @default - none */
  readonly backup?: string;
  /** Logs in and streams the write-ahead log. @default - none */
  readonly replication?: string;
}

export interface Database {
  readonly database: string;
  /** Role that owns the database: the documents' application user. */
  readonly owner: string;
  /** Made by the superuser, for the owner is none (HWO-03). */
  readonly extensions: readonly string[];
  readonly users: Users;
}

/** Services that log in, by what they do. */
export interface ClientNames {
  readonly writing: readonly string[];
  /** @default - none */
  readonly reading?: readonly string[];
}

/** Who reads alone, unless a document names it. */
export const readOnlyRole = ({ readOnly = 'read_only' }: Users): string => readOnly;

/** Name of the variable that carries a role's password into psql. */
export const passwordVariable = (role: string): string => `PASSWORD_${upperSnake(role)}`;

/** The role of a service: `agents-api` → `agents_api`. */
export const roleOf = (service: string): string => lowerSnake(service);

/**
 * SQL for psql that brings roles and rights to what is declared, as often as it runs (PHY-10, PHY-22, TDA-05).
 *
 * Each service logs in as itself and acts as the owner, or as the application's user where there is one: what it
 * creates belongs to that role, what it does is logged under its own name. Passwords come from the environment and
 * never stand in the text.
 */
export function accountsSql(declared: Database, { writing, reading = [] }: ClientNames, monitor: string): string {
  const { database, owner, extensions, users } = declared;
  const { application, backup, replication } = users;
  const reader = readOnlyRole(users);
  const [clients, readers] = [writing.map(roleOf), reading.map(roleOf)];
  const connecting = [monitor, reader, ...clients, ...(backup ? [backup] : [])];
  const made = [
    login(roles.replication, 'replication'),
    ...[roles.rewind, poolerRole, backupRole, owner, monitor, ...clients, ...readers].map((role) => login(role)),
    ...(backup ? [login(backup, 'bypassrls')] : []),
    ...(replication ? [login(replication, 'replication')] : []),
    ...[reader, ...(application ? [application] : [])].map(group),
  ];
  const given = [
    `grant pg_monitor to ${monitor};\n`,
    ...rewinds.map((routine) => `grant execute on function pg_catalog.${routine} to ${roles.rewind};\n`),
    ...(backup ? [`grant pg_read_all_data to ${backup};\n`] : []),
    ...clients.map((client) => actAs(client, owner, reader, application)),
    ...readers.map((client) => readAs(client, reader, [owner, application])),
  ];
  const usable = [
    rows(owner, reader, { tables: 'select', sequences: 'select' }),
    ...(application
      ? [rows(owner, application, { tables: 'select, insert, update, delete', sequences: 'usage, select' })]
      : []),
  ];
  return `\\set ON_ERROR_STOP on
-- Names are fixed here, passwords come from the environment: nothing secret stands in this file.
${carefully}
${unseen}
${made.join('')}
${given.join('')}
select format('create database %I owner %I', '${database}', '${owner}')
  where not exists (select from pg_database where datname = '${database}') \\gexec
alter database ${database} owner to ${owner};
revoke all on database ${database} from public;
grant connect on database ${database} to ${connecting.join(', ')};

${lookupSql}
${serverGrants}${drillsSql(monitor)}\\connect ${database}
${carefully}
${['pg_stat_statements', ...extensions].map((name) => `create extension if not exists "${name}" schema public;\n`).join('')}alter schema public owner to ${owner};
-- Up to version 14 everybody might make tables there.
revoke create on schema public from public;
-- Releases that are in the database: what new pods wait for.
create schema if not exists slipway authorization ${owner};
-- Indexes of oversized values stand there, and are built anew with the others.
grant usage on schema pg_toast to ${owner};
${databaseGrants(database)}set role ${owner};
create table if not exists slipway.releases (
  release text primary key,
  applied_at timestamptz not null default now()
);
${usable.join('')}`;
}

/**
 * What a superuser says first when passwords follow: they come into no log, whatever a document has logged, also when
 * their statement waits or fails, and not among the statements that the exporter reads.
 */
const unseen = `set log_statement to none;
set log_min_duration_statement to -1;
set log_min_error_statement to panic;
set pg_stat_statements.track_utility to off;`;

/** What pg_rewind does as another than the superuser. Source: its documentation, "Notes". */
const rewinds = [
  'pg_ls_dir(text, boolean, boolean)',
  'pg_stat_file(text, boolean)',
  'pg_read_binary_file(text)',
  'pg_read_binary_file(text, bigint, bigint, boolean)',
];

/** Rights that a role has for itself, beside those it is given. */
const attributes = ['replication', 'bypassrls'] as const;

/** A role with a password and, of the attributes, at most this one. The shell reads the password, for psql 14 does not. */
const login = (role: string, own?: (typeof attributes)[number]): string => {
  const declared = attributes.map((attribute) => (attribute === own ? attribute : `no${attribute}`)).join(' ');
  return `
\\set password \`printf '%s\\n' "$${passwordVariable(role)}"\`
${create(role)}
select format('alter role %I login nosuperuser nocreatedb nocreaterole ${declared} password %L', '${role}', :'password') \\gexec
`;
};

/** A role that nobody logs in as. */
const group = (role: string): string => `
${create(role)}
alter role ${role} nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
`;

const create = (role: string): string =>
  `select format('create role %I', '${role}') where not exists (select from pg_roles where rolname = '${role}') \\gexec`;

/** A client that acted as somebody else before does so no more. */
const become = (client: string, role: string, others: readonly (string | undefined)[]): string =>
  `grant ${role} to ${client};\nalter role ${client} set role to ${role};\n` +
  others
    .filter((other) => other !== undefined && other !== role)
    .map(
      (other) =>
        `select 'revoke ${other} from ${client}' where pg_has_role('${client}', '${other}', 'member') \\gexec\n`,
    )
    .join('');

const actAs = (client: string, owner: string, reader: string, application?: string): string =>
  `${become(client, application ?? owner, [owner, reader])}alter role ${client} reset default_transaction_read_only;\n`;

/** Whose transactions write nothing unless they say so, also where a primary runs them. */
const readAs = (client: string, reader: string, others: readonly (string | undefined)[]): string =>
  `${become(client, reader, others)}alter role ${client} set default_transaction_read_only to on;\n`;

/** What a role may do with the owner's tables and sequences, those that exist and those that will. */
const rows = (owner: string, role: string, may: { readonly tables: string; readonly sequences: string }): string => `
grant usage on schema slipway to ${role};
grant select on slipway.releases to ${role};
grant usage on schema public to ${role};
-- One by one: what an extension or the superuser made there is not the owner's to give, and would end this file.
select format('grant ${may.tables} on table %s to ${role}', oid::regclass) from pg_class
  where relnamespace = 'public'::regnamespace and relowner = '${owner}'::regrole and relkind in ('r', 'p', 'v', 'm', 'f') \\gexec
select format('grant ${may.sequences} on sequence %s to ${role}', oid::regclass) from pg_class
  where relnamespace = 'public'::regnamespace and relowner = '${owner}'::regrole and relkind = 'S' \\gexec
-- A table of a later release comes with the same rights.
alter default privileges in schema public grant ${may.tables} on tables to ${role};
alter default privileges in schema public grant ${may.sequences} on sequences to ${role};
`;
