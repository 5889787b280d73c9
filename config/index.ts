import { governanceFigures, type GovernanceFigures } from './ai-governance';
import { development } from './development';
import { parseSettings, SettingsError } from './load';
import { production } from './production';
import { environmentNames, type EnvironmentName, type Settings } from './schema';
import { staging } from './staging';

export { governanceFigures, parseSettings, SettingsError, environmentNames };
export type { EnvironmentName, GovernanceFigures, Settings };

const committed = { production, staging, development };

/**
 * The settings of all environments, checked.
 *
 * @param files what each file exports, by its environment
 * @throws SettingsError with the mistakes of all files at once
 */
export function allSettings(files: Readonly<Record<EnvironmentName, unknown>> = committed): Settings[] {
  const mistakes: string[] = [];
  const parsed = Object.entries(files).flatMap(([name, input]) => {
    try {
      const settings = parseSettings(input, `config/${name}.ts`);
      if (settings.environment === name) return settings;
      mistakes.push(`expected \`environment\` to be ${name}, got "${settings.environment}" (config/${name}.ts)`);
      return [];
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      mistakes.push(...error.mistakes);
      return [];
    }
  });
  if (mistakes.length > 0) throw new SettingsError(mistakes);
  return parsed;
}
