import { kubectl, pause, query, until } from '../cluster/support';
import type { Fault, Scene } from './fault';
import { kubectlNow } from './kube';

const held = 300;

/** What happens to the place where write-ahead log goes. */
export const backupFaults: readonly Fault[] = [
  {
    name: 'repository',
    title: `archive target gone for ${held} s`,
    inject: async (scene) => {
      const { namespace, name } = scene.target;
      const host = `deployment/${name}-repository`;
      scene.undo(() => kubectlNow('scale', host, '--replicas=1', '-n', namespace));
      await kubectl('scale', host, '--replicas=0', '-n', namespace);
      await pause(held);
      const kept = await ask(scene, 'select pg_walfile_name(pg_switch_wal())');
      if (!(await waits(scene, kept))) throw new Error(`expected ${kept} to wait for its repository, got it archived`);
      kubectlNow('scale', host, '--replicas=1', '-n', namespace);
      await until(240, 'all log that waited to be in the repository', async () => !(await waits(scene, kept)));
    },
  },
];

/** Whether a segment is still to be archived. */
const waits = async (scene: Scene, segment: string): Promise<boolean> =>
  (await ask(scene, `select coalesce(last_archived_wal < '${segment}', true) from pg_stat_archiver`)) === 't';

const ask = ({ target: { namespace, database }, primary }: Scene, sql: string): Promise<string> =>
  query(namespace, primary.pod, database, sql);
