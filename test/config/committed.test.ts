import { allSettings, environmentNames } from '../../config';
import { development } from '../../config/development';
import { production } from '../../config/production';
import { staging } from '../../config/staging';
import { changed, mistakes } from './support';

test.each([
  ['production', production],
  ['staging', staging],
  ['development', development],
])('ALL-01 the settings of %s have no mistake', (_, settings) => {
  expect(mistakes(settings)).toBe('');
});

test('ALL-01 all environments are read, each as its file has it', () => {
  expect(environmentNames).toEqual(['production', 'staging', 'development']);
  expect(allSettings()).toEqual([production, staging, development]);
});

test('five mistakes in one file are reported together, one a line', () => {
  let wrong: unknown = production;
  wrong = changed(wrong, 'physicsAssistant.agentsApi.memory', '2');
  wrong = changed(wrong, 'physicsAssistant.agentsApi.replicas', { min: 3, max: 2 });
  wrong = changed(wrong, 'edge.tsl', true);
  wrong = changed(wrong, 'debug', true);
  wrong = changed(wrong, 'physicsAssistant.domain', 'localhost');
  expect(mistakes(wrong)).toBe(
    [
      'unknown key `edge.tsl`: did you mean `tls` (config/production.ts)',
      'expected `physicsAssistant.agentsApi.memory` to be a memory size with its unit, such as `512Mi` or `2Gi`, got "2" (config/production.ts)',
      'expected `physicsAssistant.agentsApi.replicas` to have min not above max, got {"min":3,"max":2} (config/production.ts)',
      'expected `debug` to be false in production, got true (config/production.ts)',
      'expected `physicsAssistant.domain` to be your own domain in production, got "localhost" (config/production.ts)',
    ].join('\n'),
  );
});

test('mistakes of two files are reported together, each with its file', () => {
  const files = {
    production: changed(production, 'logLevel', 'WARN'),
    staging: changed(staging, 'edge.tls', false),
    development,
  };
  expect(() => allSettings(files)).toThrow(
    new Error(
      [
        'expected `logLevel` to be one of DEBUG, INFO, WARNING, ERROR, got "WARN" (config/production.ts)',
        'expected `edge.tls` to be true outside development, got false (config/staging.ts)',
      ].join('\n'),
    ),
  );
});

test.each([undefined, null, 'production'])('settings that are %j are refused in one line', (nothing) => {
  const value = nothing === undefined ? 'nothing' : JSON.stringify(nothing);
  expect(mistakes(nothing)).toBe(`expected the settings to be an object, got ${value} (config/production.ts)`);
});

test('a file that names another environment than its own is refused, for it would write over that one', () => {
  const [production] = allSettings();
  const files = { production, staging: production, development: production };
  expect(() => allSettings(files)).toThrow(
    'expected `environment` to be staging, got "production" (config/staging.ts)\n' +
      'expected `environment` to be development, got "production" (config/development.ts)',
  );
});
