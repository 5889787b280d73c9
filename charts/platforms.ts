import type { App } from 'cdk8s';
import type { Settings } from '../config';
import { AiGovernance } from './ai-governance';
import { together } from './blocks/output';
import { DisposableSecrets } from './blocks/rehearsal/disposable-secrets';
import { HabitabilityExplorer } from './habitability-explorer';
import { PersonalAssistant } from './personal-assistant';
import { PhysicsAssistant } from './physics-assistant';

/** Every platform by its name, which is the name of its file in the output too. */
export const platforms = {
  'physics-assistant': PhysicsAssistant,
  'ai-governance': AiGovernance,
  'habitability-explorer': HabitabilityExplorer,
  'personal-assistant': PersonalAssistant,
};

export type PlatformName = keyof typeof platforms;
export const platformNames = Object.keys(platforms) as PlatformName[];

/** The platforms of one environment: what stands here is what is synthesised, tested and applied. */
export function addPlatforms(app: App, settings: Settings, names: readonly PlatformName[] = platformNames): void {
  together(names, String, (name) => {
    const platform = new platforms[name](app, settings);
    if (settings.secrets.backend === 'disposable') new DisposableSecrets(platform);
  });
}
