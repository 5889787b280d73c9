import {
  burstable,
  cpuText,
  limitsOf,
  memoryMiB,
  memoryText,
  milliCpu,
  requestsOf,
  wholeCores,
} from '../../charts/blocks/quantity';

test.each([
  ['250m', 250],
  ['2', 2000],
  ['1.5', 1500],
  ['0.001', 1],
])('%s CPU is %i thousandths', (text, thousandths) => {
  expect(milliCpu(text)).toBe(thousandths);
});

test.each([
  ['512Mi', 512],
  ['2Gi', 2048],
  ['1Ti', 1048576],
])('%s is %i MiB', (text, size) => {
  expect(memoryMiB(text)).toBe(size);
});

test.each(['2', '2G', '1.5Gi', '512M', '', '-1Gi'])('the size "%s" is refused', (text) => {
  expect(() => memoryMiB(text)).toThrow(
    new Error(`expected a size with one of the units Mi, Gi, Ti, such as \`512Mi\`, got "${text}"`),
  );
});

test.each(['abc', '', '1 core', '-1', '0.5m'])('the CPU figure "%s" is refused', (text) => {
  expect(() => milliCpu(text)).toThrow(new Error(`expected a CPU figure such as \`250m\` or \`1.5\`, got "${text}"`));
});

test.each([
  [1500, '1500m'],
  [2000, '2'],
  [250, '250m'],
])('%i thousandths are written %s, as the API server keeps them', (thousandths, text) => {
  expect(cpuText({ milliCpu: thousandths })).toBe(text);
});

test.each([
  [1536, '1536Mi'],
  [2048, '2Gi'],
  [614, '614Mi'],
])('%i MiB are written %s, as the API server keeps them', (size, text) => {
  expect(memoryText({ memoryMiB: size })).toBe(text);
});

test('ALL-06 limits are the figures themselves', () => {
  expect(limitsOf({ cpu: '1.5', memory: '2Gi' })).toEqual({ milliCpu: 1500, memoryMiB: 2048 });
});

test('ALL-06 requests are a share of the limits', () => {
  expect(requestsOf({ cpu: '1.5', memory: '2Gi' }, { cpu: 0.2, memory: 0.5 })).toEqual({
    milliCpu: 300,
    memoryMiB: 1024,
  });
});

test('ALL-06 requests are never below what a process needs to start', () => {
  expect(requestsOf({ cpu: '20m', memory: '32Mi' }, { cpu: 0.2, memory: 0.3 })).toEqual({
    milliCpu: 10,
    memoryMiB: 16,
  });
});

test('ALL-06 requests are never above the limits', () => {
  expect(requestsOf({ cpu: '5m', memory: '8Mi' }, { cpu: 0.2, memory: 0.3 })).toEqual({ milliCpu: 5, memoryMiB: 8 });
});

describe('GOV-02 what a document reserves', () => {
  const reserved = { cpu: '1', memory: '2Gi' };

  test('is promised in place of the share', () => {
    expect(requestsOf({ cpu: '2', memory: '4Gi', reserved }, burstable)).toEqual({ milliCpu: 1000, memoryMiB: 2048 });
  });

  test('is refused above the limits', () => {
    expect(() => requestsOf({ cpu: '2', memory: '1Gi', reserved }, burstable)).toThrow(
      new Error('expected `reserved` not to be above the limits of 2 CPU and 1Gi, got 1 CPU and 2Gi'),
    );
  });
});

test.each([
  ['250m', 1],
  ['1', 1],
  ['2.5', 2],
  ['4', 4],
])('HWO-19 a limit of %s CPU has %i whole cores', (cpu, cores) => {
  expect(wholeCores(cpu)).toBe(cores);
});
