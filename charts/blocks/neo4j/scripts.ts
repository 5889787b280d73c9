import { lowerSnake, upperSnake } from '../environment';
import { waits } from '../shell';

export const userOf = (service: string): string => lowerSnake(service);
export const passwordVariable = (service: string): string => `PASSWORD_${upperSnake(service)}`;

/** Fills the writable configuration folder from the image: the entrypoint adds the settings of the variables to it. */
export const prepareScript = `set -eu
cp -R /var/lib/neo4j/conf/. /conf-writable/
`;

/**
 * Makes a user for every client, as often as it runs. The statements go through the standard input: passwords are in
 * no argument list. Community edition has users but no roles: each can be told from the others and revoked alone.
 */
export const accountsScript = (services: readonly string[]): string => `${waits}
export NEO4J_USERNAME=neo4j
until echo 'SHOW DATABASES;' | cypher-shell --address "$NEO4J_URI" --database system > /dev/null 2> /tmp/error; do
  echo "waiting for Neo4j at $NEO4J_URI: $(tail -n 1 /tmp/error)"
  sleep 3
done
cypher-shell --address "$NEO4J_URI" --database system <<CYPHER
${services
  .map(
    (service) =>
      `CREATE OR REPLACE USER ${userOf(service)} SET PASSWORD '$${passwordVariable(service)}' CHANGE NOT REQUIRED;\n`,
  )
  .join('')}CYPHER
echo 'accounts are as declared'
`;
