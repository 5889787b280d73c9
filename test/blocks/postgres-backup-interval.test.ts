import { longestIntervalHours } from '../../charts/blocks/postgres/backup/interval';

test.each([
  [['0 2 * * *', '0 8,14,20 * * *'], 6],
  [['0 2 * * *', '0 */6 * * *'], 6],
  [['0 2 * * *', '0 14 * * *'], 12],
  [['0 2 * * *'], 24],
  [['30 2 * * 0'], 7 * 24],
  [['0 2 * * 1-5'], 3 * 24],
  [['0 2 1 * *'], 31 * 24],
  [['0 2 1,15 * 0'], 7 * 24],
  [['*/15 * * * *'], 1],
  [['0 22-23 * * *'], 23],
])('ALL-16 backups by %j are at most %i hours apart', (schedules, hours) => {
  expect(longestIntervalHours(schedules)).toBe(hours);
});
