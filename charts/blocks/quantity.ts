import { k8s } from 'cdk8s-plus-27';

/** What a container may use: CPU as `250m` or `1.5`, memory as `512Mi` or `2Gi`. */
export interface Resources {
  readonly cpu: string;
  readonly memory: string;
  /** What is promised, where a document says so (GOV-02). @default - a share of the limits */
  readonly reserved?: { readonly cpu: string; readonly memory: string } | undefined;
}

/** An amount that can be added up: millicores and MiB. */
export interface Amount {
  readonly milliCpu: number;
  readonly memoryMiB: number;
}

/** How much of its limit a container is promised. The documents give limits; requests must fit their minimum size (ALL-36). */
export interface Share {
  readonly cpu: number;
  readonly memory: number;
}

/** Stateless pods burst: many of them are idle at any time. */
export const burstable: Share = { cpu: 0.15, memory: 0.3 };

/** A database keeps what it has: its memory is promised whole, so that nobody else's burst evicts it. */
export const guaranteed: Share = { cpu: 0.5, memory: 1 };

/** Scratch space and logs of one container; the request equals the limit. */
export const ephemeralStorageMiB = 256;

/** @throws Error when it is no CPU figure */
export function milliCpu(cpu: string): number {
  if (!/^\d+(m|(\.\d+)?)$/.test(cpu))
    throw new Error(`expected a CPU figure such as \`250m\` or \`1.5\`, got "${cpu}"`);
  return cpu.endsWith('m') ? Number(cpu.slice(0, -1)) : Math.round(Number(cpu) * 1000);
}

const mebibytes: Record<string, number> = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 };

/** @throws Error when the unit is none of Mi, Gi, Ti */
export function memoryMiB(size: string): number {
  const [, digits, unit] = /^(\d+)(Mi|Gi|Ti)$/.exec(size) ?? [];
  const factor = mebibytes[unit ?? ''];
  if (!digits || !factor) {
    throw new Error(`expected a size with one of the units Mi, Gi, Ti, such as \`512Mi\`, got "${size}"`);
  }
  return Number(digits) * factor;
}

/** A size as programs take it that know no units. */
export const bytes = (size: string): number => memoryMiB(size) * 1024 * 1024;

export const limitsOf = ({ cpu, memory }: Resources): Amount => ({
  milliCpu: milliCpu(cpu),
  memoryMiB: memoryMiB(memory),
});

/** The share of the limits, not less than a process needs to start; a request above its limit would be refused. */
export function requestsOf(resources: Resources, share: Share): Amount {
  const limits = limitsOf(resources);
  const { reserved } = resources;
  if (reserved) {
    const promised = limitsOf(reserved);
    if (promised.milliCpu > limits.milliCpu || promised.memoryMiB > limits.memoryMiB) {
      throw new Error(
        `expected \`reserved\` not to be above the limits of ${resources.cpu} CPU and ${resources.memory}, ` +
          `got ${reserved.cpu} CPU and ${reserved.memory}`,
      );
    }
    return promised;
  }
  return {
    milliCpu: Math.min(limits.milliCpu, Math.max(10, Math.round(limits.milliCpu * share.cpu))),
    memoryMiB: Math.min(limits.memoryMiB, Math.max(16, Math.round(limits.memoryMiB * share.memory))),
  };
}

export const plus = (a: Amount, b: Amount): Amount => ({
  milliCpu: a.milliCpu + b.milliCpu,
  memoryMiB: a.memoryMiB + b.memoryMiB,
});

export const times = (a: Amount, factor: number): Amount => ({
  milliCpu: a.milliCpu * factor,
  memoryMiB: a.memoryMiB * factor,
});

/** Whole cores of a limit, at least one: as many threads as can run at once (HWO-19). */
export const wholeCores = (cpu: string): number => Math.max(1, Math.floor(milliCpu(cpu) / 1000));

export const none: Amount = { milliCpu: 0, memoryMiB: 0 };

/** In the server's own notation, or each apply would find a difference. */
export const cpuText = ({ milliCpu }: Pick<Amount, 'milliCpu'>): string =>
  milliCpu % 1000 === 0 ? `${milliCpu / 1000}` : `${milliCpu}m`;

export const memoryText = ({ memoryMiB }: Pick<Amount, 'memoryMiB'>): string =>
  memoryMiB % 1024 === 0 ? `${memoryMiB / 1024}Gi` : `${memoryMiB}Mi`;

export const quantity = (text: string): k8s.Quantity => k8s.Quantity.fromString(text);

const quantities = (amount: Amount): Record<string, k8s.Quantity> => ({
  cpu: quantity(cpuText(amount)),
  memory: quantity(memoryText(amount)),
  'ephemeral-storage': quantity(`${ephemeralStorageMiB}Mi`),
});

/** Devices are counted whole and asked for as they are limited. */
export function resourceRequirements(
  resources: Resources,
  share: Share,
  devices: Readonly<Record<string, number>> = {},
): k8s.ResourceRequirements {
  const counted = Object.fromEntries(Object.entries(devices).map(([name, count]) => [name, quantity(`${count}`)]));
  return {
    requests: { ...quantities(requestsOf(resources, share)), ...counted },
    limits: { ...quantities(limitsOf(resources)), ...counted },
  };
}
