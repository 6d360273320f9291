import type { Position } from '../error.ts';
import { findIsolator } from '../isolators/registry.ts';
import type { AppSpec, IsolatorSpec, PodSpec, VolumeSpec } from '../manifest/spec.ts';
import { PREFIX } from '../manifest/rollout.ts';
import { canonicalise } from './canonical.ts';

/** A pod as plain values: defaults filled in, units and order canonical, positions left out. Equal forms are equal pods. */
export type NormalForm = Readonly<Record<string, unknown>>;

/** What defines a pod, without its rollout settings, which may change without changing the pod. */
export function normalise(spec: PodSpec): NormalForm {
  const annotations = Object.entries(spec.annotations).filter(([name]) => !name.startsWith(PREFIX));
  const form = {
    name: spec.name,
    labels: spec.labels,
    annotations: Object.fromEntries(annotations),
    hostname: spec.hostname,
    network: spec.network,
    userns: spec.userns,
    volumes: spec.volumes.toSorted((a, b) => compare(a.name, b.name)).map((volume) => volume as unknown),
    isolators: isolators(spec.isolators),
    metadataService: spec.metadataService !== undefined,
    apps: spec.apps.map(normaliseApp),
  };
  return plain(form) as NormalForm;
}

function normaliseApp({ isolators: own, ...app }: AppSpec): object {
  return { ...app, isolators: isolators(own) };
}

/** By name: a map has no order, and each isolator appears at most once in appc's list. */
function isolators(all: readonly IsolatorSpec[]): Record<string, unknown> {
  const values = all.map(({ name, value }) => [name, canonicalise(value, findIsolator(name)?.schema)] as const);
  return Object.fromEntries(values);
}

/**
 * Leaves out positions and empty values, replaces located values by their value, and sorts field names. An isolator's empty list is
 * kept: it may be a set that retains nothing.
 */
function plain(value: unknown, keepsEmpty = false): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, keepsEmpty));
  if (typeof value !== 'object' || value === null) return value;
  if (isLocated(value)) return plain(value.value, keepsEmpty);
  const entries = Object.entries(value)
    .filter(([, item]) => !isPlace(item) && typeof item !== 'function')
    .map(([key, item]) => [key, plain(item, keepsEmpty || key === 'isolators')] as const)
    .filter(([, item]) => keepsEmpty || !isEmpty(item));
  return Object.fromEntries(entries.toSorted(([a], [b]) => compare(a, b)));
}

function isLocated(value: object): value is { readonly value: unknown; readonly at: Position } {
  return 'value' in value && 'at' in value && isPlace(value.at) && Object.keys(value).length === 2;
}

/** Positions have exactly these three fields; nothing in a manifest does. */
function isPlace(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 3) return false;
  const { file, line, col } = value as Partial<Position>;
  return typeof file === 'string' && typeof line === 'number' && typeof col === 'number';
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * Host files that the pod has read-only and in which it would not see changes, because a replaced file is a different file. Changes
 * inside a directory are visible to the pod.
 */
export function frozenSources({ volumes, apps }: PodSpec): string[] {
  const isReadOnly = (volume: VolumeSpec & { readonly kind: 'host' }): boolean =>
    volume.readOnly ||
    apps.every(({ mounts }) => mounts.every((mount) => mount.volume !== volume.name || mount.readOnly));
  return volumes.flatMap((volume) => (volume.kind === 'host' && isReadOnly(volume) ? [volume.source] : []));
}
