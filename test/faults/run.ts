import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { PostgresVersion } from '../../charts/blocks/platform';
import { postgresVersions } from '../../config/figures';
import { kubectl, remove, requireCluster } from '../cluster/support';
import { Agents } from './agents';
import type { Fault } from './fault';
import { backupFaults } from './faults-of-backups';
import { changeFaults } from './faults-of-changes';
import { nodeFaults } from './faults-of-nodes';
import { podFaults } from './faults-of-pods';
import { fullVolume } from './full-volume';
import { compareLeases, silence } from './leases';
import { measureLoss } from './loss';
import { requireTools } from './machine';
import { measureRestore } from './restored';
import { strike } from './strike';
import { isFine, measurements, outcomesTable, withOutcomes, writeOutcomes, type Outcome } from './table';
import { namespace, raise } from './target';
import { heal, healAtEnd } from './undo';

/**
 * The fault campaign of PostgreSQL's high availability, on a real cluster of three nodes. Ends with 1 when a row was
 * lost, two primaries were seen, nobody could write for longer than was aimed at, or the cluster did not recover by itself.
 */
const faults: readonly Fault[] = [...podFaults, ...nodeFaults, ...changeFaults, ...backupFaults, fullVolume];

const usage = `npm run faults:postgres -- [options]
  --list        the faults
  --only NAME   these alone; may be repeated
  --gentle      only those that hurt nothing outside their own namespace
  --repeat N    each so often
  --postgres N  with this major version of PostgreSQL, not that of production
  --leases      instead of all this: the primary's node cut off with one lease after another
  --loss        instead of all this: all members lost with their volumes, and restored
  --restore     instead of all this: a restore of a GiB over the live database
  --write       the table into docs/measurements.md
  --keep        leave the database standing, for another run with the same option
`;

const { values } = parseArgs({
  options: {
    list: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    gentle: { type: 'boolean', default: false },
    leases: { type: 'boolean', default: false },
    loss: { type: 'boolean', default: false },
    restore: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '1' },
    postgres: { type: 'string' },
    write: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function chosen(): Fault[] {
  const { only = faults.map(({ name }) => name), gentle } = values;
  const unknown = only.filter((name) => !faults.some((fault) => fault.name === name));
  if (unknown.length > 0) throw new Error(`expected --only to name a fault, got ${unknown.join(', ')}: see --list`);
  return faults.filter(({ name, reach = 'namespace' }) => only.includes(name) && (!gentle || reach === 'namespace'));
}

/** Nodes and the control plane belong to everybody: others' pods are not hurt with ours. */
async function requireSolitude(own: string): Promise<void> {
  const pods = await kubectl(
    'get',
    'pods',
    '-A',
    '--no-headers',
    '-o',
    'custom-columns=:metadata.namespace,:.status.phase',
  );
  const others = pods
    .split('\n')
    .map((line) => line.split(/\s+/))
    .filter(([namespace = '', phase]) => phase === 'Running' && ![own, 'kube-system'].includes(namespace));
  if (others.length === 0) return;
  const namespaces = [...new Set(others.map(([namespace]) => namespace))].join(', ');
  throw new Error(
    `expected a cluster of our own to hurt its nodes, got pods of ${namespaces}: remove them, or use --gentle`,
  );
}

async function campaign(): Promise<Outcome[]> {
  const due = chosen();
  const repeat = repeats();
  if (values.write) withOutcomes(readFileSync(measurements, 'utf8'), '');
  const outcomes: Outcome[] = [];
  await withTarget(due, async (agents) => {
    for (const fault of due.flatMap((one) => Array<Fault>(repeat).fill(one))) {
      await strike(fault, agents).then(
        (outcome) => outcomes.push(outcome),
        (error: Error) => {
          // One that could not be judged is no reason not to know the others.
          process.stderr.write(`${fault.name}: ${error.message}\n`);
          process.exitCode = 1;
          heal({ late: true });
        },
      );
    }
  });
  return outcomes;
}

function repeats(): number {
  const repeat = Number(values.repeat);
  if (!Number.isInteger(repeat) || repeat < 1)
    throw new Error(`expected --repeat to be 1 or more, got ${values.repeat}`);
  return repeat;
}

/** The major version that is asked for. */
function version(): PostgresVersion | undefined {
  const { postgres, write } = values;
  if (postgres === undefined) return undefined;
  const found = postgresVersions.find((one) => one === postgres);
  if (!found) throw new Error(`expected --postgres to be one of ${postgresVersions.join(', ')}, got ${postgres}`);
  if (write) throw new Error("expected --postgres or --write: what is written is of production's version");
  return found;
}

/** Raises a database with its writer and watchers, as the faults that are due ask for, and removes it in the end. */
async function withTarget(due: readonly Fault[], act: (agents: Agents) => Promise<void>): Promise<void> {
  const asked = version();
  await requireCluster({ nodes: 3 });
  const hurting = due.filter(({ reach = 'namespace' }) => reach !== 'namespace');
  if (hurting.length > 0 || due.some(({ usesTools }) => usesTools)) requireTools();
  if (hurting.length > 0) await requireSolitude(namespace);
  healAtEnd();
  const target = await raise(asked);
  try {
    const agents = new Agents(target);
    await agents.start();
    await act(agents);
  } finally {
    if (!values.keep) await remove(target.namespace);
  }
}

/** Figures of another kind instead of faults. */
async function figures(
  option: string,
  due: readonly Fault[],
  measure: (agents: Agents, repeat: number) => Promise<string>,
): Promise<void> {
  const command = `npm run faults:postgres -- ${option}`;
  if (values.write) withOutcomes(readFileSync(measurements, 'utf8'), '', command);
  let rows = '';
  await withTarget(due, async (agents) => {
    rows = await measure(agents, repeats());
  });
  process.stdout.write(`${rows}\n`);
  if (values.write) writeOutcomes(rows, command);
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(usage);
  if (values.list) {
    const lines = faults.map(
      ({ name, reach = 'namespace', title }) => `${name.padEnd(26)}${reach.padEnd(15)}${title}\n`,
    );
    return void process.stdout.write(lines.join(''));
  }
  if (values.leases) return figures('--leases', [silence], compareLeases);
  if (values.loss) return figures('--loss', [], measureLoss);
  if (values.restore) return figures('--restore', [], measureRestore);
  const outcomes = await campaign();
  const table = outcomesTable(outcomes);
  process.stdout.write(`${table}\n`);
  if (values.write) writeOutcomes(table);
  if (!outcomes.every(isFine)) process.exitCode = 1;
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
