import { versionOf } from '../../charts/blocks/labels';

test.each([
  ['ghcr.io/school/api:1.2.3', '1.2.3'],
  [`ghcr.io/school/api:1.2.3@sha256:${'0'.repeat(64)}`, '1.2.3'],
  ['localhost:5000/api:v2', 'v2'],
  [`ghcr.io/school/api:${'1'.repeat(70)}`, '1'.repeat(63)],
])('the version of %s', (image, version) => {
  expect(versionOf(image)).toBe(version);
});
