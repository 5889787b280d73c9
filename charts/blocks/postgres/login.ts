import { clientFolder } from '../authority';
import type { Container, Mount } from '../container';
import type { Variables } from '../environment';
import type { Platform } from '../platform';
import type { SecretKey } from '../secrets';
import { port, program, temporary } from './server';

/** Who logs in, where, and to which database. */
export interface Login {
  readonly host: string;
  readonly role: string;
  readonly password: SecretKey;
  readonly database: string;
}

/** Names of the variables that an application reads its login from, as its document has them. */
export interface LoginNames {
  readonly url: string;
  readonly user: string;
  /** The client's own password; the owner's in migrations. Also the owner's key in the Secret. */
  readonly password: string;
}

/** What a container with psql has beside its login. */
export interface ProgramProps {
  readonly variables: Variables;
  readonly mounts: readonly Mount[];
}

/** How libpq and asyncpg are told to ask for the server's certificate and to show their own, whatever the URL says (TDA-07). */
export const verified: Variables = {
  PGSSLMODE: 'verify-full',
  PGSSLROOTCERT: `${clientFolder}/ca-cert.pem`,
  PGSSLCERT: `${clientFolder}/client-cert.pem`,
  PGSSLKEY: `${clientFolder}/client-key.pem`,
};

/** What an application is told, by the names of its document: user, password and URL. */
export const applicationVariables = ({ host, role, password, database }: Login, names: LoginNames): Variables => ({
  [names.user]: role,
  [names.password]: password,
  [names.url]: `postgresql://$(${names.user}):$(${names.password})@${host}:${port}/${database}`,
  ...verified,
});

/** What psql and its like are told. */
export const psqlVariables = ({ host, role, password, database }: Login): Variables => ({
  PGHOST: host,
  PGPORT: `${port}`,
  PGDATABASE: database,
  PGUSER: role,
  PGPASSWORD: password,
  PGCONNECT_TIMEOUT: '5',
  ...verified,
});

/** A container of a workload with psql that logs in, and shows the workload's certificate. */
export const psqlProgram = (
  platform: Platform,
  workload: string,
  name: string,
  { image, command, login }: { readonly image: string; readonly command: readonly string[]; readonly login: Login },
  { variables, mounts = [] }: Partial<ProgramProps> = {},
): Container =>
  program(name, {
    image,
    command,
    variables: { ...psqlVariables(login), ...variables },
    mounts: [temporary, platform.authority.client(workload), ...mounts],
  });
