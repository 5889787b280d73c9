import { k8s } from 'cdk8s-plus-27';
import type { SecretKey } from './secrets';

/**
 * One environment variable: a plain text, the key of a Secret, or a field of the pod. A plain text may use earlier
 * variables as `$(NAME)`. A password is never a text: only a `SecretKey` carries it (ALL-02).
 */
export type Value = string | SecretKey | { readonly field: string };

/** Variables in order: later ones may refer to earlier ones. */
export type Variables = Readonly<Record<string, Value>>;

export function envVars(variables: Variables): k8s.EnvVar[] {
  return Object.entries(variables).map(([name, value]) => {
    if (typeof value === 'string') return { name, value };
    if ('field' in value) return { name, valueFrom: { fieldRef: { fieldPath: value.field } } };
    const { secret, key, optional } = value;
    return { name, valueFrom: { secretKeyRef: { name: secret, key, ...(optional && { optional }) } } };
  });
}

/** The Secrets that the variables need. */
export const secretsOf = (variables: Variables): SecretKey[] =>
  Object.values(variables).filter((value): value is SecretKey => typeof value === 'object' && 'secret' in value);

/** `agents-api` → `AGENTS_API`. */
export const upperSnake = (name: string): string => name.replaceAll('-', '_').toUpperCase();

/** `backup_user` → `backup-user`, the form of names of objects. */
export const kebab = (name: string): string => name.replaceAll('_', '-');

/** `agents-api` → `agents_api`, the form of database roles. */
export const lowerSnake = (name: string): string => name.replaceAll('-', '_');
