import { isoTime } from '../pod/iso-time.ts';
import type { PodRecord } from '../pod/record.ts';
import { readBootId } from '../pod/uuid.ts';
import type { AcquireInput } from './acquire-input.ts';

export interface RecordInput extends AcquireInput {
  readonly uuid: string;
  readonly hostname: string;
  readonly uidBase: number | null;
  readonly ips: readonly string[];
  readonly metadataUrl: string | undefined;
}

export function newRecord(input: RecordInput): PodRecord {
  const { identity, pod, options, uuid, hostname, uidBase, ips, metadataUrl, prepared } = input;
  return {
    uuid,
    name: identity.name,
    createdAt: prepared?.createdAt ?? isoTime(Date.now()),
    manifest: { path: identity.manifest.path },
    labels: identity.labels,
    annotations: identity.annotations,
    network: { mode: pod.network.mode, ips },
    bootId: readBootId(),
    hostname,
    uidBase,
    ...(metadataUrl === undefined ? {} : { metadataUrl }),
    ...(options.autoRemove ? { autoRemove: true } : {}),
    apps: pod.apps.map(({ name, image, restart, hooks, exec }) => ({ name, image, restart, hooks, exec })),
  };
}
