import { kubernetesVersions, validator } from './support/schemas';

const labels = { app: 'agents-api' };
const metadata = { name: 'agents-api', labels };
const container = {
  name: 'app',
  image: 'registry.example.org/agents-api:1.0.0',
  imagePullPolicy: 'IfNotPresent',
  ports: [{ name: 'http', containerPort: 8000, protocol: 'TCP' }],
  resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { cpu: 1.5, memory: '1Gi' } },
  readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
};
const template = { metadata: { labels }, spec: { containers: [container], restartPolicy: 'Always' } };

const deployment = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata,
  spec: { replicas: 2, selector: { matchLabels: labels }, template, ...spec },
});
const podWith = (spec: object) => deployment({ template: { ...template, spec: { ...template.spec, ...spec } } });

const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } } },
};
const statefulSet = (claims: object[]) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata,
  spec: { serviceName: 'db', selector: { matchLabels: labels }, template, volumeClaimTemplates: claims },
});

const networkPolicy = (policyTypes: string[]) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata,
  spec: {
    podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['agents-api'] }] },
    policyTypes,
    ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 'http', protocol: 'TCP' }] }],
  },
});

const service = (spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata,
  spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }], ...spec },
});

describe.each(kubernetesVersions)('Kubernetes %s', (version) => {
  const validate = validator(version);

  test.each([
    ['a Deployment', deployment({})],
    ['a StatefulSet whose claims leave their identity out', statefulSet([claim])],
    [
      'a StatefulSet whose claims say what they are',
      statefulSet([{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim }]),
    ],
    ['a NetworkPolicy', networkPolicy(['Ingress', 'Egress'])],
    ['a Service', service({})],
  ])('accepts %s', (_, object) => {
    expect(validate(object)).toEqual([]);
  });

  test.each([
    ['an unknown field', deployment({ replica: 3 }), '/spec/replica is not a known field'],
    ['a string for a number', deployment({ replicas: '3' }), '/spec/replicas must be integer'],
    ['a fraction of a replica', deployment({ replicas: 1.5 }), '/spec/replicas must be integer'],
    ['a missing selector', deployment({ selector: undefined }), "/spec must have required property 'selector'"],
    [
      'an imagePullPolicy that does not exist',
      podWith({ containers: [{ ...container, imagePullPolicy: 'Sometimes' }] }),
      '/spec/template/spec/containers/0/imagePullPolicy must be equal to one of the allowed values: Always, IfNotPresent, Never',
    ],
    [
      'a restartPolicy that does not exist',
      podWith({ restartPolicy: 'OnSuccess' }),
      '/spec/template/spec/restartPolicy must be equal to one of the allowed values: Always, Never, OnFailure',
    ],
    [
      'a quantity without a meaning',
      podWith({ containers: [{ ...container, resources: { limits: { memory: '1 GiB' } } }] }),
      expect.stringMatching(
        '^Deployment/agents-api: /spec/template/spec/containers/0/resources/limits/memory must match',
      ),
    ],
    ['a status, which is the cluster’s', { ...deployment({}), status: {} }, '/status is not a known field'],
  ])('refuses %s', (_, object, message) => {
    const expected = typeof message === 'string' ? `Deployment/agents-api: ${message}` : message;
    expect(validate(object)).toEqual([expected]);
  });

  test.each([
    [
      networkPolicy(['Ingres']),
      'NetworkPolicy/agents-api: /spec/policyTypes/0 must be equal to one of the allowed values: Egress, Ingress',
    ],
    [
      service({ ports: [{ port: 80, protocol: 'HTTP' }] }),
      'Service/agents-api: /spec/ports/0/protocol must be equal to one of the allowed values: SCTP, TCP, UDP',
    ],
    [
      statefulSet([{ ...claim, spec: { ...claim.spec, storageClas: 'fast' } }]),
      'StatefulSet/agents-api: /spec/volumeClaimTemplates/0/spec/storageClas is not a known field',
    ],
    [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata,
        spec: {
          rules: [
            {
              http: {
                paths: [{ path: '/', pathType: 'Glob', backend: { service: { name: 'x', port: { number: 80 } } } }],
              },
            },
          ],
        },
      },
      'Ingress/agents-api: /spec/rules/0/http/paths/0/pathType must be equal to one of the allowed values: Exact, ImplementationSpecific, Prefix',
    ],
    [
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata,
        spec: { schedule: '@daily', concurrencyPolicy: 'Never', jobTemplate: { spec: { template } } },
      },
      'CronJob/agents-api: /spec/concurrencyPolicy must be equal to one of the allowed values: Allow, Forbid, Replace',
    ],
    [
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata,
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'agents-api' },
          maxReplicas: 3,
          metrics: [{ type: 'Cpu' }],
        },
      },
      'HorizontalPodAutoscaler/agents-api: /spec/metrics/0/type must be equal to one of the allowed values: ContainerResource, External, Object, Pods, Resource',
    ],
  ])('refuses a mistyped value: %#', (object, message) => {
    expect(validate(object)).toEqual([message]);
  });

  test('refuses an API that was removed and a kind that nobody defined', () => {
    expect(validate({ apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget', metadata, spec: {} })).toEqual([
      `PodDisruptionBudget/agents-api: expected a kind of Kubernetes ${version} or of imports/schemas.json, got policy/v1beta1`,
    ]);
    expect(validate({ apiVersion: 'example.org/v1', kind: 'Wish', metadata: {} })).toEqual([
      `Wish/?: expected a kind of Kubernetes ${version} or of imports/schemas.json, got example.org/v1`,
    ]);
  });

  test('refuses what is no object of Kubernetes', () => {
    expect(validate(null)).toEqual(['expected an object with `apiVersion` and `kind`, got null']);
    expect(validate({ ...deployment({}), metadata: undefined })).toEqual([
      "Deployment/?: must have required property 'metadata'",
    ]);
  });

  test('knows what the version brought', () => {
    const since130 = (message: string) => (version === '1.27' ? [message] : []);
    expect(validate(service({ trafficDistribution: 'PreferClose' }))).toEqual(
      since130('Service/agents-api: /spec/trafficDistribution is not a known field'),
    );
    expect(validate(podWith({ initContainers: [{ ...container, restartPolicy: 'Always' }] }))).toEqual(
      since130('Deployment/agents-api: /spec/template/spec/initContainers/0/restartPolicy is not a known field'),
    );
  });
});
