import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiObject, App, Chart, YamlOutputType, type ApiObjectProps } from 'cdk8s';
// Loaded and not used: every program that is written with it pays for that.
import 'cdk8s-plus-27';
import 'constructs';

/**
 * What no cdk8s program can do without: Node with tsx, the libraries, and each object written once.
 * `floor.ts OBJECTS.json OUTDIR`, where the JSON holds the plain objects of each file, environment by environment.
 */
const [objects = '', outdir = ''] = process.argv.slice(2);
const environments = JSON.parse(readFileSync(objects, 'utf8')) as Record<string, ApiObjectProps[]>[];
for (const [environment, files] of environments.entries()) {
  const app = new App({ outdir: join(outdir, `${environment}`), yamlOutputType: YamlOutputType.FILE_PER_CHART });
  for (const [name, plain] of Object.entries(files)) {
    const chart = new Chart(app, name);
    for (const [index, object] of plain.entries()) new ApiObject(chart, `object-${index}`, object);
  }
  app.synth();
}
