import { query } from '../cluster/support';
import { backupNow } from './command-line';
import { membersOf } from './members';
import type { Target } from './target';

const gibibyte = 2 ** 30;

/** Rows of no order, as much as a GiB, and a full backup of them; gives the size of all that the server holds: `1.07 GiB`. */
export async function fill(target: Target): Promise<string> {
  const text = Array.from({ length: 8 }, (_, part) => `md5('${part}' || number)`).join(' || ');
  const rows = Math.ceil(gibibyte / 292);
  await ask(target, `create table ballast as select number, ${text} as noise from generate_series(1, ${rows}) number`);
  await backupNow(target);
  const bytes = Number(await ask(target, 'select sum(pg_database_size(oid)) from pg_database'));
  return `${(bytes / gibibyte).toFixed(2)} GiB`;
}

/** Asks the primary. */
export async function ask(target: Target, sql: string): Promise<string> {
  const [primary] = await membersOf(target);
  return query(target.namespace, `${primary?.pod}`, target.database, sql);
}
