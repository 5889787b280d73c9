import type { Settings } from './schema';

/** Programs that are not ours: one exact version each, for every platform and environment (ALL-31). */
export const programs: Settings['programs'] = {
  node: 'docker.io/library/node:24.18.1-bookworm-slim',
  nginx: 'docker.io/nginxinc/nginx-unprivileged:1.30.4-alpine-slim',
  postgres: {
    '14': 'docker.io/percona/percona-distribution-postgresql:14.23-1',
    '15': 'docker.io/percona/percona-distribution-postgresql:15.18-1',
    '16': 'docker.io/percona/percona-distribution-postgresql:16.14-1',
    '17': 'docker.io/percona/percona-distribution-postgresql:17.10-1',
    '18': 'docker.io/percona/percona-distribution-postgresql:18.4-1',
  },
  postgis: {
    '14': 'docker.io/percona/percona-distribution-postgresql-with-postgis:14.23-2',
    '15': 'docker.io/percona/percona-distribution-postgresql-with-postgis:15.18-2',
    '16': 'docker.io/percona/percona-distribution-postgresql-with-postgis:16.14-2',
    '17': 'docker.io/percona/percona-distribution-postgresql-with-postgis:17.10-2',
    '18': 'docker.io/percona/percona-distribution-postgresql-with-postgis:18.4-2',
  },
  pgbouncer: 'docker.io/percona/percona-pgbouncer:1.25.2-1',
  postgresExporter: 'quay.io/prometheuscommunity/postgres-exporter:v0.20.1',
  redis: 'docker.io/library/redis:8.2.9-alpine3.22',
  redisExporter: 'docker.io/oliver006/redis_exporter:v1.88.0',
  neo4j: 'docker.io/library/neo4j:5.26.29-community',
  qdrant: 'docker.io/qdrant/qdrant:v1.19.0-unprivileged',
  flower: 'docker.io/mher/flower:2.1.0',
};
