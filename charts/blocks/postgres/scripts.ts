import { waits } from '../shell';

/**
 * Prepares the data folder: makes a new cluster in an empty volume, refuses one of another major version, and gives
 * the folder the mode PostgreSQL asks for, which volume plugins like to change.
 */
export const prepareScript = `set -eu
major=$(postgres --version | sed -E 's/.* ([0-9]+)\\..*/\\1/')
if [ -s "$PGDATA/PG_VERSION" ]; then
  found=$(cat "$PGDATA/PG_VERSION")
  if [ "$found" != "$major" ]; then
    echo "expected data of PostgreSQL $major in $PGDATA, got $found: upgrade the data first, see docs/runbooks/databases.md" >&2
    exit 1
  fi
  chmod 0700 "$PGDATA"
  exit 0
fi
# A folder that is not empty and not ours is somebody's data: never written over.
if [ -d "$PGDATA" ] && [ -n "$(ls -A "$PGDATA")" ]; then
  if [ ! -e "$PGDATA.initializing" ]; then
    echo "expected $PGDATA to be empty or a PostgreSQL cluster, got other files" >&2
    exit 1
  fi
  rm -rf "$PGDATA"
fi
# The mark tells a start that was interrupted from data without a version.
touch "$PGDATA.initializing"
install -d -m 0700 "$PGDATA"
umask 077
printf '%s\\n' "$POSTGRES_PASSWORD" > /tmp/password
initdb --pgdata "$PGDATA" --username postgres --pwfile /tmp/password --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --data-checksums
rm -f /tmp/password "$PGDATA.initializing"
`;

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
