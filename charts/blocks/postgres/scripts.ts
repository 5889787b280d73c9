import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onRenewal, waits } from '../shell';
import { memberFolder } from './patroni';
import { logFiles } from './tuning';

/**
 * Prepares the data folder: refuses data of another major version and files that are not ours, puts away what an
 * interrupted first start left, and gives the folder the mode PostgreSQL asks for, which volume plugins like to change.
 *
 * A mark stands beside the folder until its server has answered once. What could be started is moved, never removed.
 */
export const prepareScript = `set -eu
folder=\${PGDATA%/*}
major=$(postgres --version | sed -E 's/.* ([0-9]+)\\..*/\\1/')
for version in "$folder"/*/PG_VERSION; do
  [ -e "$version" ] && [ ! -e "\${version%/*}.initializing" ] || continue
  # What was put aside is nobody's data to start with.
  case $version in *.before-* | *.interrupted-* | *.restoring/* | *.replaced/*) continue ;; esac
  found=$(cat "$version")
  if [ "$found" != "$major" ]; then
    echo "expected data of PostgreSQL $major in $folder, got $found in \${version%/*}: upgrade the data first, see docs/runbooks/databases.md" >&2
    exit 1
  fi
done
if [ -e "$PGDATA.initializing" ] && [ -d "$PGDATA" ]; then
  echo "the first start of $PGDATA was interrupted: making it anew"
  if [ -e "$PGDATA/global/pg_control" ]; then mv "$PGDATA" "$PGDATA.interrupted-$(date +%s)"; else rm -rf "$PGDATA"; fi
fi
if [ -d "$PGDATA" ] && [ -n "$(ls -A "$PGDATA")" ]; then
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # A folder that is not empty and not ours is somebody's data: never written over.
    echo "expected $PGDATA to be empty or a PostgreSQL cluster, got other files" >&2
    exit 1
  fi
  chmod 0700 "$PGDATA"
else
  touch "$PGDATA.initializing"
fi
`;

/**
 * Says goodbye to the mark once the server answers, hands renewed certificates to it, and becomes Patroni, beside whose
 * words the server's log goes to the output of the container.
 */
export const memberScript = (cluster: string): string => `set -eu
for name in ${logFiles.plain} ${logFiles.json}; do ln -sf /proc/1/fd/1 ${logFiles.folder}/$name; done
{
  until pg_isready --quiet --host /run/postgresql; do sleep 1; done
  rm -f "$PGDATA.initializing"
  ${onRenewal('kill -HUP 1')}
} &
python3 -B ${memberFolder}/begin_anew.py ${cluster} "$PGDATA"
exec patroni ${memberFolder}
`;

/** Before the stop signal: its words go where those of the member go. The signal comes whatever became of it. */
export const handOverScript = (cluster: string): string =>
  `timeout 30 python3 -B ${memberFolder}/hand_over.py ${cluster} ${memberFolder} > /proc/1/fd/1 2>&1 || true`;

const file = (name: string): Record<string, string> => ({ [name]: readFileSync(join(__dirname, name), 'utf8') });

/** What calls the API server, by file name. */
export const apiScript = file('api.py');

/** What a member calls before Patroni, Patroni when its role changes, and kubelet when it is to stop. */
export const memberFiles = {
  ...file('begin_anew.py'),
  ...file('relabel.py'),
  ...file('hand_over.py'),
  ...apiScript,
};

/** Waits for the server, then applies the accounts. psql takes connection and password from PG* variables. */
export const accountsScript = `${waits}
until pg_isready --quiet; do echo "waiting for PostgreSQL at $PGHOST"; sleep 2; done
psql --no-psqlrc --quiet --file /accounts/accounts.sql
echo 'accounts are as declared'
`;

/** Waits until a role can log in: its account exists and its database too. */
export const loginScript = `${waits}
until psql --no-psqlrc -Atqc 'select 1' > /dev/null 2>&1; do
  echo "waiting for PostgreSQL at $PGHOST to accept $PGUSER: its account is made by the Job postgres-accounts"
  sleep 2
done
`;

/** Runs a file statement by statement until the first mistake, which it names by its line; psql takes the rest from PG*. */
export const psqlFile = (path: string): string[] => [
  ...['psql', '--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1', '--file', path],
];
