import type { ResolvedApp } from '../plan/types.ts';
import type { AppRecord, PodRecord } from '../pod/record.ts';
import { readBootId } from '../pod/uuid.ts';
import type { AcquireInput } from './acquire-input.ts';
import { packExecData, registersFor } from './exec-data.ts';

export interface RecordInput extends AcquireInput {
  readonly uuid: string;
  readonly uidBase: number | null;
  readonly ips: readonly string[];
}

export function newRecord(input: RecordInput): PodRecord {
  const { spec, apps, options } = input;
  return {
    uuid: input.uuid,
    name: spec.name,
    createdAt: new Date().toISOString(),
    manifest: { path: spec.manifest.path },
    labels: spec.labels,
    annotations: spec.annotations,
    network: { mode: spec.network.mode, ips: input.ips },
    bootId: readBootId(),
    hostname: spec.hostname,
    uidBase: input.uidBase,
    ...(options.autoRemove ? { autoRemove: true } : {}),
    apps: apps.map((app, index) => appRecord(input, app, index)),
  };
}

function appRecord({ plan, spec: { hostname } }: RecordInput, { spec, image }: ResolvedApp, index: number): AppRecord {
  const { name } = spec;
  const launched = plan.processes.get(name)!;
  const cgroup = plan.program.apps[index]!.start.options.cgroup?.name;
  return {
    name,
    image: { ref: image.ref, digest: image.digest },
    restart: spec.restart.policy,
    exec: packExecData({
      process: launched.process,
      app: index,
      registers: registersFor(plan.program, launched.process, cgroup),
      ...(cgroup === undefined ? {} : { cgroup }),
      capabilities: launched.capabilities,
      imageMounts: image.mounts,
      hostname,
    }),
  };
}
