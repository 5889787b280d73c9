import type { Settings } from './schema';

/** Programs that are not ours: one exact version each, for every platform and environment (ALL-31). */
export const programs: Settings['programs'] = {
  node: 'docker.io/library/node:24.18.1-bookworm-slim',
  nginx: 'docker.io/nginxinc/nginx-unprivileged:1.30.4-alpine-slim',
  postgres: 'docker.io/percona/percona-distribution-postgresql:17.10-1',
  postgis: 'docker.io/percona/percona-distribution-postgresql-with-postgis:17.10-2',
  postgresExporter: 'quay.io/prometheuscommunity/postgres-exporter:v0.20.1',
  redis: 'docker.io/library/redis:8.2.9-alpine3.22',
  redisExporter: 'docker.io/oliver006/redis_exporter:v1.88.0',
  neo4j: 'docker.io/library/neo4j:5.26.29-community',
  qdrant: 'docker.io/qdrant/qdrant:v1.19.0-unprivileged',
  flower: 'docker.io/mher/flower:2.1.0',
};
