import type { App } from 'cdk8s';
import type { Settings } from '../config';
import { PhysicsAssistant } from './physics-assistant';

/** Every platform of one environment: what stands here is what is synthesised, tested and applied. */
export function addPlatforms(app: App, settings: Settings): void {
  new PhysicsAssistant(app, settings);
}
