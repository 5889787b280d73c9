import { containersOf, find, label, mebibytes, milliCpu, ofKind, podsOf, type Manifest } from './manifests';
import { kubernetesVersions, validator } from './schemas';

/** Variables whose names sound like secrets and are none, with what they may be. */
const noSecrets: Readonly<Record<string, RegExp>> = {
  ACCESS_TOKEN_EXPIRE_MINUTES: /^\d+$/,
  DB_SSL_KEY: /^\/app\/ssl\/[\w-]+\.pem$/,
};

/** Declares the rules for every object of one platform in one environment, whatever page it comes from. */
export function everyObjectObeysTheRules(objects: readonly Manifest[]): void {
  const pods = podsOf(objects);
  const containers = pods.flatMap(({ owner, template }) =>
    containersOf(template).map((container) => ({ where: `${label(owner)} ${container.name}`, container })),
  );

  test.each(kubernetesVersions)('fits the schema of Kubernetes %s', (version) => {
    expect(objects.flatMap(validator(version))).toEqual([]);
  });

  test('has a name of its own', () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('stands in the namespace of its platform, or has none', () => {
    const [namespace] = ofKind(objects, 'Namespace');
    const wide = ['Namespace', 'PriorityClass'];
    for (const { kind, metadata } of objects) {
      expect(metadata.namespace).toBe(wide.includes(kind) ? undefined : namespace?.metadata.name);
    }
  });

  test('ALL-11 stands in a namespace that enforces Pod Security restricted, and the namespace comes first', () => {
    expect(objects[0]?.kind).toBe('Namespace');
    expect(objects[0]?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('carries the recommended labels', () => {
    const keys = ['name', 'instance', 'component', 'part-of', 'managed-by'].map((key) => `app.kubernetes.io/${key}`);
    for (const { metadata } of [...objects, ...pods.map(({ template }) => template)]) {
      expect(Object.keys(metadata.labels ?? {})).toEqual(expect.arrayContaining(keys));
    }
  });

  test('ALL-11 runs without root, privilege, writable image or token', () => {
    for (const { template } of pods) {
      expect(template.spec).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
    }
    for (const { container } of containers) {
      const { runAsUser, ...rest } = container.securityContext as { runAsUser?: number };
      // The pod's own user, but for one whom PostgreSQL's socket shall not take for the superuser.
      expect(runAsUser).toBe(container.image.includes('/postgres-exporter:') ? 19_187 : undefined);
      expect(rest).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        privileged: false,
        readOnlyRootFilesystem: true,
      });
    }
  });

  test('ALL-06 has requests and limits on every container, requests not above limits', () => {
    for (const { container } of containers) {
      const { requests: asked, limits } = container.resources;
      expect(Object.keys(limits).sort()).toEqual(['cpu', 'ephemeral-storage', 'memory']);
      expect(milliCpu(asked.cpu)).toBeLessThanOrEqual(milliCpu(limits.cpu));
      expect(mebibytes(asked.memory)).toBeLessThanOrEqual(mebibytes(limits.memory));
    }
  });

  test('ALL-31 runs exact images, never latest, never bitnami', () => {
    for (const { container } of containers) {
      expect(container.image).toMatch(/^[a-z0-9.-]+\/[^:@]+:[\w][\w.-]*(@sha256:[0-9a-f]{64})?$/);
      expect(container.image).not.toMatch(/:latest|bitnami/);
    }
  });

  test('ALL-02 holds no Secret, and no variable that is called a secret has a value', () => {
    expect(ofKind(objects, 'Secret')).toEqual([]);
    const named = containers.flatMap(({ where, container }) =>
      (container.env ?? [])
        .filter(({ name, value }) => /PASSWORD|SECRET|TOKEN|_KEY$|WEBHOOK|DSN/.test(name) && value !== undefined)
        .filter(({ name, value = '' }) => !noSecrets[name]?.test(value))
        .map(({ name }) => `${where} ${name}`),
    );
    expect(named).toEqual([]);
  });

  test('ALL-02 refers only to secrets that the inventory declares', () => {
    const inventory = JSON.parse(find(objects, 'ConfigMap', 'secret-inventory').data?.['inventory.json'] ?? '{}');
    const declared = new Set(
      inventory.secrets.flatMap(({ name, keys }: { name: string; keys: { key: string }[] }) =>
        keys.map(({ key }) => `${name}/${key}`),
      ),
    );
    const used = containers.flatMap(({ container }) =>
      (container.env ?? []).flatMap(({ valueFrom }) =>
        valueFrom?.secretKeyRef ? [`${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`] : [],
      ),
    );
    expect(used.filter((key) => !declared.has(key))).toEqual([]);
  });

  test('mounts only ConfigMaps and claims that exist', () => {
    // A set makes the claims of its pods from a template.
    const made = ofKind(objects, 'StatefulSet').flatMap(({ metadata: { name }, spec }) =>
      spec.volumeClaimTemplates.map((claim: Manifest) => `PersistentVolumeClaim/${claim.metadata.name}-${name}-0`),
    );
    const names = new Set([...objects.map(label), ...made]);
    for (const { template } of pods) {
      for (const { configMap, persistentVolumeClaim } of template.spec.volumes ?? []) {
        if (configMap) expect(names).toContain(`ConfigMap/${configMap.name}`);
        if (persistentVolumeClaim) expect(names).toContain(`PersistentVolumeClaim/${persistentVolumeClaim.claimName}`);
      }
    }
  });

  test('TDA-04 says nothing to psql that the one of PostgreSQL 14 does not know', () => {
    const files = ofKind(objects, 'ConfigMap').flatMap(({ data = {} }) => Object.values(data));
    expect(files.join('\n')).not.toMatch(/\\(getenv|dconfig|bind|parse|close_prepared|startpipeline|restrict)\b/);
  });

  test('PHY-22 has a ServiceAccount of its own for every workload', () => {
    const accounts = new Set(ofKind(objects, 'ServiceAccount').map(({ metadata }) => metadata.name));
    const used = pods.map(({ template }) => template.spec.serviceAccountName);
    expect(new Set(used).size).toBe(used.length);
    expect(used.filter((name) => !accounts.has(name))).toEqual([]);
  });

  test('ALL-07 serves with startup, readiness and liveness that ask different things', () => {
    for (const { owner, template } of pods.filter(({ owner }) => owner.kind !== 'Job' && owner.kind !== 'CronJob')) {
      for (const { name, readinessProbe, livenessProbe } of template.spec.containers) {
        const what = (probe: Record<string, unknown>) => JSON.stringify(probe.httpGet ?? probe.exec ?? probe.tcpSocket);
        expect(`${label(owner)} ${name} ${what(readinessProbe)}`).not.toBe(
          `${label(owner)} ${name} ${what(livenessProbe)}`,
        );
        // Patroni answers for itself there, not for its server.
        const { path } = livenessProbe.httpGet ?? {};
        expect([undefined, '/liveness']).toContain(path);
      }
    }
  });

  test('ALL-08 leaves replicas to the autoscaler where there is one', () => {
    const scaled = new Set(ofKind(objects, 'HorizontalPodAutoscaler').map(({ metadata }) => metadata.name));
    for (const { metadata, spec } of ofKind(objects, 'Deployment')) {
      expect(spec.replicas === undefined).toBe(scaled.has(metadata.name));
    }
  });

  test('ALL-09 has a disruption budget for everything that runs', () => {
    const budgets = ofKind(objects, 'PodDisruptionBudget').map(({ spec }) => spec.selector.matchLabels);
    for (const { spec } of ofKind(objects, 'Deployment', 'StatefulSet')) {
      expect(budgets).toContainEqual(spec.selector.matchLabels);
    }
  });

  test('has Services whose selector and target port meet a pod', () => {
    for (const { metadata, spec } of ofKind(objects, 'Service')) {
      const [target] = pods.filter(({ template }) =>
        Object.entries(spec.selector).every(
          // Patroni writes the role on the pods.
          ([key, value]) => key === 'slipway.dev/role' || template.metadata.labels?.[key] === value,
        ),
      );
      const open = target?.template.spec.containers.flatMap((container: { ports?: { name: string }[] }) =>
        (container.ports ?? []).map(({ name }) => name),
      );
      for (const { targetPort } of spec.ports)
        expect([metadata.name, open]).toEqual([metadata.name, expect.arrayContaining([targetPort])]);
    }
  });
}
