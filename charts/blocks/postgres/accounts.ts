import { lowerSnake, upperSnake } from '../environment';

/** Users with less than the owner's rights, by the names of a document (TDA-05). */
export interface Users {
  /** Reads and writes rows, and changes no table: clients act as it. @default - clients act as the owner */
  readonly application?: string;
  /** Logs in, reads everything and writes nothing. @default - none */
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
export function accountsSql(declared: Database, services: readonly string[], monitor: string): string {
  const { database, owner, extensions, users } = declared;
  const { application, backup, replication } = users;
  const acting = application ?? owner;
  const clients = services.map(roleOf);
  const logins = [owner, monitor, ...clients, ...[backup ?? []].flat()];
  return `\\set ON_ERROR_STOP on
-- Names are fixed here, passwords come from the environment: nothing secret stands in this file.
${logins.map((role) => login(role)).join('')}${replication ? login(replication, 'replication') : ''}${application ? group(application) : ''}
grant pg_monitor to ${monitor};
${clients.map((client) => `grant ${acting} to ${client};\nalter role ${client} set role to ${acting};\n`).join('')}${application ? clients.map((client) => revoke(owner, client)).join('') : ''}${backup ? `grant pg_read_all_data to ${backup};\n` : ''}
select format('create database %I owner %I', '${database}', '${owner}')
  where not exists (select from pg_database where datname = '${database}') \\gexec
alter database ${database} owner to ${owner};
revoke all on database ${database} from public;
grant connect on database ${database} to ${[monitor, ...clients, ...(backup ? [backup] : [])].join(', ')};

\\connect ${database}
${['pg_stat_statements', ...extensions].map((name) => `create extension if not exists ${name};\n`).join('')}alter schema public owner to ${owner};
-- Releases that are in the database: what new pods wait for.
create schema if not exists slipway authorization ${owner};
set role ${owner};
create table if not exists slipway.releases (
  release text primary key,
  applied_at timestamptz not null default now()
);
${application ? rows(application) : ''}`;
}

const login = (role: string, streams: 'replication' | 'noreplication' = 'noreplication'): string => `
\\getenv password ${passwordVariable(role)}
select format('create role %I', '${role}') where not exists (select from pg_roles where rolname = '${role}') \\gexec
select format('alter role %I login nosuperuser nocreatedb nocreaterole ${streams} password %L', '${role}', :'password') \\gexec
`;

/** A role that nobody logs in as. */
const group = (role: string): string => `
select format('create role %I', '${role}') where not exists (select from pg_roles where rolname = '${role}') \\gexec
alter role ${role} nologin nosuperuser nocreatedb nocreaterole noreplication;
`;

/** A client that acted as the owner before does so no more. */
const revoke = (owner: string, client: string): string =>
  `select 'revoke ${owner} from ${client}' where pg_has_role('${client}', '${owner}', 'member') \\gexec\n`;

/** What the application's user may do with the owner's tables, those that exist and those that will. */
const rows = (application: string): string => `
-- The owner gives what is its own; a table of a later release comes with the same rights.
grant usage on schema slipway to ${application};
grant select on slipway.releases to ${application};
grant usage on schema public to ${application};
grant select, insert, update, delete on all tables in schema public to ${application};
grant usage, select on all sequences in schema public to ${application};
alter default privileges in schema public grant select, insert, update, delete on tables to ${application};
alter default privileges in schema public grant usage, select on sequences to ${application};
`;
