import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A group of processes with a limit of memory, page cache included: what a container has. */
export interface Limit {
  /** Starts a program in it: before the program and its arguments. */
  readonly enter: readonly string[];
  /** What limits. */
  readonly how: string;
  readonly remove: () => void;
}

/** The kernel's two kinds of control groups, and their file of the limit. */
const kinds = [
  { how: 'a control group', folder: '/sys/fs/cgroup', sign: 'cgroup.controllers', file: 'memory.max' },
  {
    how: 'a control group',
    folder: '/sys/fs/cgroup/memory',
    sign: 'memory.limit_in_bytes',
    file: 'memory.limit_in_bytes',
  },
];

/** Makes a group; where that is not allowed there is none, and it says so. */
export function limit(memoryMiB: number): Limit {
  const kind = kinds.find(({ folder, sign }) => existsSync(join(folder, sign)));
  const none = { enter: [], how: 'nothing', remove: () => undefined };
  if (!kind) return none;
  const group = join(kind.folder, `slipway-bench-${process.pid}`);
  try {
    mkdirSync(group);
    writeFileSync(join(group, kind.file), `${memoryMiB * 1024 * 1024}`);
  } catch {
    return none;
  }
  const enter = ['bash', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'limited'];
  return { enter, how: kind.how, remove: () => rmdirSync(group) };
}

/** Memory of processes in MiB; what several share counts once, a part for each. */
export function memoryOf(pids: readonly number[]): number {
  const kibibytes = pids.map((pid) => {
    try {
      return Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0; // It ended meanwhile.
    }
  });
  return kibibytes.reduce((total, each) => total + each, 0) / 1024;
}

/** The process that started another. */
export const parentOf = (pid: number): number =>
  Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** Processes of a program that were given something in this folder. */
export const processesOf = (program: string, folder: string): number[] =>
  readdirSync('/proc')
    .filter(
      (name) => /^\d+$/.test(name) && read(name, 'comm').trim() === program && read(name, 'cmdline').includes(folder),
    )
    .map(Number);

const read = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
};
