import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Definitions, readDeclarations, type Schema } from '../../imports/schema';
import { readAssembly } from './jsii';

/** Packages that were made from a version of the Kubernetes API and know all its kinds, and no kind that it removed. */
const packages = {
  '1.27': 'cdk8s-plus-27@2.9.5',
  '1.30': 'cdk8s-plus-30@2.4.10',
  '1.33': 'cdk8s-plus-33@2.5.57',
  '1.34': 'cdk8s-plus-34@2.0.54',
};

/** kubernetes-models 5.1.0 declares 1.36, and removed kinds too: hence the kinds to take are named. */
const newest = '1.36';
const newestKinds = Object.entries({
  v1: 'Namespace ResourceQuota LimitRange ServiceAccount ConfigMap Secret Service Pod PersistentVolumeClaim PersistentVolume',
  'apps/v1': 'Deployment StatefulSet DaemonSet',
  'batch/v1': 'Job CronJob',
  'autoscaling/v2': 'HorizontalPodAutoscaler',
  'policy/v1': 'PodDisruptionBudget',
  'networking.k8s.io/v1': 'NetworkPolicy Ingress IngressClass',
  'rbac.authorization.k8s.io/v1': 'Role RoleBinding ClusterRole ClusterRoleBinding',
  'scheduling.k8s.io/v1': 'PriorityClass',
  'storage.k8s.io/v1': 'StorageClass',
  'discovery.k8s.io/v1': 'EndpointSlice',
  'admissionregistration.k8s.io/v1': 'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding',
}).flatMap(([apiVersion, kinds]) =>
  kinds.split(' ').map((kind) => ({ package: 'kubernetes-models', apiVersion, kind })),
);

/** Values that the API server insists on and no package lists. */
const unlisted: Definitions = {
  IoK8sApimachineryPkgApisMetaV1LabelSelectorRequirement: oneOf('operator', 'In NotIn Exists DoesNotExist'),
  IoK8sApiAutoscalingV2MetricSpec: oneOf('type', 'ContainerResource External Object Pods Resource'),
  IoK8sApiAutoscalingV2MetricTarget: oneOf('type', 'AverageValue Utilization Value'),
  IoK8sApiAutoscalingV2HPAScalingPolicy: oneOf('type', 'Percent Pods'),
  IoK8sApiAutoscalingV2HPAScalingRules: oneOf('selectPolicy', 'Disabled Max Min'),
  IoK8sApiCoreV1Container: oneOf('restartPolicy', 'Always Never OnFailure'),
};

function oneOf(field: string, values: string): Schema {
  return { properties: { [field]: { enum: values.split(' ') } } };
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'schemas-'));
  try {
    const last = readDeclarations(newestKinds);
    write(newest, withValues(last, unlisted));
    for (const [version, spec] of Object.entries(packages))
      write(version, withValues(readAssembly(unpack(spec, join(folder, version))), last));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `definitions`, mended where a string may be anything and `listed` knows its values. */
function withValues(definitions: Definitions, listed: Definitions): Definitions {
  for (const [name, { properties = {} }] of Object.entries(listed))
    for (const [field, schema] of Object.entries(properties)) {
      const fields = definitions[name]?.properties ?? {};
      const isOpen = fields[field]?.type === 'string' || fields[field]?.items?.type === 'string';
      if (isOpen && (schema.enum ?? schema.items?.enum)) fields[field] = schema;
    }
  return definitions;
}

function unpack(spec: string, folder: string): string {
  mkdirSync(folder);
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: folder, encoding: 'utf8' });
  const file = run('npm', 'pack', spec, '--loglevel=error').trim();
  run('tar', '-xzf', file);
  return join(folder, 'package');
}

function write(version: string, definitions: Definitions): void {
  const bytes = gzipSync(JSON.stringify({ definitions }), { level: 9 }); // Node writes no time into the header
  bytes[9] = 255; // nor, so, the operating system
  writeFileSync(join(__dirname, `k8s-${version}.json.gz`), bytes);
}

main();
