import { parseSettings, SettingsError } from '../../config';
import { production } from '../../config/production';

/** A copy of settings with one value replaced, or taken away when it is undefined. */
export function changed(settings: unknown, key: string, value: unknown): unknown {
  const copy = structuredClone(settings);
  const path = key.split('.');
  const last = path.pop() ?? '';
  const parent = path.reduce((part, name) => part[name] as Record<string, unknown>, copy as Record<string, unknown>);
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else parent[last] = value;
  return copy;
}

/** The whole text of what is wrong with settings; nothing when they are right. */
export function mistakes(settings: unknown, file = 'config/production.ts'): string {
  try {
    parseSettings(settings, file);
    return '';
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
}

/** What is wrong when one value of production is another. */
export const mistakesWith = (key: string, value: unknown): string => mistakes(changed(production, key, value));
