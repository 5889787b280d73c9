/** First and last number of each field of a cron schedule: minute, hour, day of the month, month, day of the week. */
const fields = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const;
const minute = 60_000;
const day = 24 * 60 * minute;
/** Two years show every interval: the longest month, the end of a year. */
const days = 2 * 366;

/** The numbers that a field names: `*`, `3`, `1-5`, `0,30`, with or without a step. */
function named(field: string, [first, last]: readonly [number, number]): Set<number> {
  const numbers = field.split(',').flatMap((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [from = 0, to = range.includes('*') || part.includes('/') ? last : from] =
      range === '*' ? [first, last] : range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
      (number) => (number - from) % Number(step) === 0,
    );
  });
  return new Set(numbers);
}

/** Every run of a schedule, in milliseconds since 1970. */
function runs(schedule: string): number[] {
  const parts = schedule.split(/\s+/);
  const [minutes, hours, dates, months, weekdays] = fields.map((range, index) => named(parts[index] ?? '*', range)) as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  const start = Date.UTC(2026, 0, 1);
  const isDue = (at: Date): boolean => {
    const [date, weekday] = [dates.has(at.getUTCDate()), weekdays.has(at.getUTCDay())];
    // As cron has it: with both given, either will do.
    const both = parts[2]?.startsWith('*') || parts[4]?.startsWith('*');
    return months.has(at.getUTCMonth() + 1) && (both ? date && weekday : date || weekday);
  };
  return Array.from({ length: days }, (_, index) => start + index * day)
    .filter((at) => isDue(new Date(at)))
    .flatMap((at) => [...hours].flatMap((hour) => [...minutes].map((one) => at + (hour * 60 + one) * minute)));
}

/** The longest time between two runs of any of these cron schedules, in hours, rounded up: 6 for `0 2,8,14,20 * * *`. */
export function longestIntervalHours(schedules: readonly string[]): number {
  const all = schedules.flatMap(runs).sort((a, b) => a - b);
  const longest = all.reduce((most, at, index) => Math.max(most, at - (all[index - 1] ?? at)), 0);
  return Math.ceil(longest / (60 * minute));
}
