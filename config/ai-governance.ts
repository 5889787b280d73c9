import { z } from 'zod';
import { bucket, count, memory, name, readingPooler, scaledSize, size, storedSize, tag, volume } from './figures';
import { platform } from './platform';

const figures = z.strictObject({
  backend: scaledSize.extend({ reserved: size.optional() }),
  frontend: scaledSize,
  postgres: storedSize,
  qdrant: storedSize,
  redis: storedSize,
});

export type GovernanceFigures = z.infer<typeof figures>;

/** The two sizes of the guide (GOV-01 … 07); what it does not say is ours and marked. */
const sizes: Readonly<Record<'small' | 'large', GovernanceFigures>> = {
  /** 1,000 users. */
  small: {
    backend: {
      cpu: '1',
      memory: '2Gi',
      reserved: { cpu: '500m', memory: '1Gi' }, // ours: half, as in the large size
      replicas: { min: 2, max: 4 },
    },
    frontend: { cpu: '500m', memory: '512Mi', replicas: { min: 2, max: 4 } },
    postgres: { cpu: '2', memory: '4Gi', storage: '50Gi' },
    qdrant: { cpu: '2', memory: '4Gi', storage: '20Gi' }, // storage: ours
    redis: { cpu: '1', memory: '2Gi', storage: '5Gi' }, // ours: half of the large size
  },
  /** 10,000 users and more. */
  large: {
    backend: {
      cpu: '2',
      memory: '4Gi',
      reserved: { cpu: '1', memory: '2Gi' },
      replicas: { min: 3, max: 4 }, // at most the 8 cores and 16 GB of the table
    },
    frontend: { cpu: '1', memory: '1Gi', replicas: { min: 2, max: 4 } },
    postgres: { cpu: '4', memory: '16Gi', storage: '200Gi' },
    qdrant: { cpu: '4', memory: '8Gi', storage: '50Gi' }, // storage: ours
    redis: { cpu: '2', memory: '4Gi', storage: '10Gi' }, // storage: ours
  },
};

/** Settings of the AI Governance Literacy Platform. */
export const aiGovernance = platform.extend({
  pooler: readingPooler,
  images: z.strictObject({ backend: tag, frontend: tag }),
  /** A size of the guide, or figures of one's own. */
  size: z.union([z.enum(['small', 'large']), figures], 'to be small, large or figures of its own'),
  gateway: scaledSize,
  /** Vectors: here, or in a cloud whose key is a secret that stands where the reference says (GOV-06). */
  qdrant: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('self-hosted') }),
    z.strictObject({
      kind: z.literal('external'),
      // With its port: clients ask 6333 where none is written, a policy would open 443.
      url: z
        .string('to be the URL of a Qdrant with its port, such as `https://id.qdrant.io:6333`')
        .regex(
          /^https:\/\/[\w.-]+:\d+$/,
          'to be the URL of a Qdrant with its port, such as `https://id.qdrant.io:6333`',
        ),
      apiKey: z.strictObject({ secret: name, key: name }, 'to be a reference `{ secret, key }` to its API key'),
    }),
  ]),
  /** Uploaded documents: a volume, or a bucket (GOV-16). */
  documents: z.discriminatedUnion('kind', [volume.extend({ kind: z.literal('volume') }), bucket]),
  uvicornWorkers: count,
  accessTokenExpireMinutes: count,
  maxUploadSize: memory,
});

/** The figures that a size stands for. */
export const governanceFigures = (given: z.infer<typeof aiGovernance>['size']): GovernanceFigures =>
  typeof given === 'string' ? sizes[given] : given;
