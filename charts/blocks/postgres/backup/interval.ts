const minute = 60_000;
const day = 24 * 60 * minute;
/** Two years show every interval: the longest month, the end of a year. */
const days = 2 * 366;

/** The numbers that a field of cron names: `*`, `3`, `1-5`, `0,30`, with or without a step. */
const named = (field: string, first: number, last: number): number[] =>
  field.split(',').flatMap((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [from = first, to = part.includes('/') ? last : from] =
      range === '*' ? [first, last] : range.split('-').map(Number);
    return Array.from(
      { length: Math.floor((to - from) / Number(step)) + 1 },
      (_, index) => from + index * Number(step),
    );
  });

/** Every run of a schedule in these days, in milliseconds since 1970. */
function runs(schedule: string): number[] {
  const [minutes = '*', hours = '*', date = '*', month = '*', weekday = '*'] = schedule.split(' ');
  const times = named(hours, 0, 23).flatMap((hour) => named(minutes, 0, 59).map((one) => (hour * 60 + one) * minute));
  const [dates, months, weekdays] = [named(date, 1, 31), named(month, 1, 12), named(weekday, 0, 6)];
  // As cron has it: where both are given, either will do.
  const either = ![date, weekday].some((field) => field.startsWith('*'));
  const isDue = (at: Date): boolean => {
    const found = [dates.includes(at.getUTCDate()), weekdays.includes(at.getUTCDay())];
    return months.includes(at.getUTCMonth() + 1) && (either ? found.some(Boolean) : found.every(Boolean));
  };
  return Array.from({ length: days }, (_, index) => Date.UTC(2026, 0, 1) + index * day)
    .filter((at) => isDue(new Date(at)))
    .flatMap((at) => times.map((time) => at + time));
}

/** The longest time between two runs of any of these cron schedules, in hours, rounded up: 6 for `0 2,8,14,20 * * *`. */
export function longestIntervalHours(schedules: readonly string[]): number {
  const all = schedules.flatMap(runs).sort((a, b) => a - b);
  const longest = all.reduce((most, at, index) => Math.max(most, at - (all[index - 1] ?? at)), 0);
  return Math.ceil(longest / (60 * minute));
}
