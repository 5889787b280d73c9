import { synthesise } from './charts/blocks/output';
import { addPlatforms } from './charts/platforms';
import { allSettings } from './config';

try {
  // The cdk8s command line says where it expects the output.
  synthesise(process.env.CDK8S_OUTDIR ?? 'dist', allSettings(), addPlatforms);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
