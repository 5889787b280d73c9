import { lowerSnake, upperSnake } from '../environment';

export interface Database {
  readonly database: string;
  /** Role that owns the database: the documents' application user. */
  readonly owner: string;
}

/** Name of the variable that carries a role's password into psql. */
export const passwordVariable = (role: string): string => `PASSWORD_${upperSnake(role)}`;

/** The role of a service: `agents-api` → `agents_api`. */
export const roleOf = (service: string): string => lowerSnake(service);

/**
 * SQL for psql that brings roles and rights to what is declared, as often as it runs (PHY-10, PHY-22).
 *
 * Each service logs in as itself and acts as the owner: what it creates belongs to the owner, what it does is logged
 * under its own name. Passwords come from the environment and never stand in the text.
 */
export function accountsSql({ database, owner }: Database, services: readonly string[], monitor: string): string {
  const roles = [owner, monitor, ...services.map(roleOf)];
  return `\\set ON_ERROR_STOP on
-- Names are fixed here, passwords come from the environment: nothing secret stands in this file.
${roles.map(ensureRole).join('')}
grant pg_monitor to ${monitor};
${services.map((service) => `grant ${owner} to ${roleOf(service)};\nalter role ${roleOf(service)} set role to ${owner};\n`).join('')}
select format('create database %I owner %I', '${database}', '${owner}')
  where not exists (select from pg_database where datname = '${database}') \\gexec
alter database ${database} owner to ${owner};
revoke all on database ${database} from public;
grant connect on database ${database} to ${[monitor, ...services.map(roleOf)].join(', ')};

\\connect ${database}
create extension if not exists pg_stat_statements;
alter schema public owner to ${owner};
-- Releases that are in the database: what new pods wait for.
create schema if not exists slipway authorization ${owner};
set role ${owner};
create table if not exists slipway.releases (
  release text primary key,
  applied_at timestamptz not null default now()
);
`;
}

const ensureRole = (role: string): string => `
\\getenv password ${passwordVariable(role)}
select format('create role %I', '${role}') where not exists (select from pg_roles where rolname = '${role}') \\gexec
select format('alter role %I login nosuperuser nocreatedb nocreaterole password %L', '${role}', :'password') \\gexec
`;
