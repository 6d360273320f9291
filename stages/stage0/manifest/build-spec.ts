import { resolve } from 'node:path';
import { backoffOf } from './backoff.ts';
import type { Outline, OutlineApp, OutlineIsolator, OutlineMount, OutlinePort, OutlineVolume } from './outline.ts';
import { texts } from './outline-read.ts';
import { buildProbes } from './build-probes.ts';
import { buildRollout } from './build-rollout.ts';
import { join } from './pointer.ts';
import { parseBytes, parseDurationMs } from './quantity.ts';
import type * as Spec from './spec.ts';
import type { ManifestDocument } from './document.ts';

export interface SpecInput {
  readonly document: ManifestDocument;
  /** Has passed every check of the part that is built: what the schema requires is there. */
  readonly outline: Outline;
  readonly text: string;
  readonly path: string;
  readonly baseDir: string;
}

const DEFAULT_GRACE_MS = 10_000;

export function buildSpec(input: SpecInput): Spec.PodSpec {
  const { document, outline, text, path } = input;
  return {
    manifest: manifestOf(path, text),
    name: outline.name!,
    nameAt: document.at('/metadata/name'),
    labels: outline.labels,
    annotations: outline.annotations,
    rollout: buildRollout(document, outline),
    hostname: outline.hostname ?? outline.name!,
    network: buildNetwork(input),
    userns: buildUserns(input),
    volumes: outline.volumes.map((volume) => buildVolume(input, volume)),
    apps: outline.apps.map((app) => buildApp(document, outline, app)),
    isolators: outline.isolators.map((isolator) => buildIsolator(document, isolator)),
    ...(outline.metadataService ? { metadataService: document.at('/metadataService') } : {}),
    at: document.at(''),
  };
}

/** Loading node:crypto takes milliseconds, and not every verb asks for the digest. */
function manifestOf(path: string, text: string): Spec.PodSpec['manifest'] {
  let digest: string | undefined;
  return {
    path,
    get digest(): string {
      const { createHash } = process.getBuiltinModule('node:crypto');
      return (digest ??= `sha256:${createHash('sha256').update(text).digest('hex')}`);
    },
    text,
  };
}

export function buildNetwork({ document, outline }: SpecInput): Spec.NetworkSpec {
  const at = document.at('/network/mode');
  const [mode, target] = outline.networkMode.split(/:(.*)/s);
  if (target !== undefined) return { mode: mode as 'pod' | 'cni', target, at };
  return { mode: mode as 'bridge' | 'none' | 'host', at };
}

export function buildUserns({ document, outline }: SpecInput): Spec.UsernsSpec {
  const at = document.at('/userns');
  return outline.usernsSize === 0 ? { mode: 'host', at } : { mode: 'auto', size: outline.usernsSize, at };
}

function buildVolume({ document, baseDir }: SpecInput, volume: OutlineVolume): Spec.VolumeSpec {
  const { pointer, readOnly, files } = volume;
  const name = volume.name!;
  const at = document.at(pointer);
  if (volume.kind === 'host') {
    return {
      kind: 'host',
      name,
      source: resolve(baseDir, volume.source!),
      readOnly,
      at: document.at(join(pointer, 'source')),
    };
  }
  if (volume.kind === 'inline') return { kind: 'inline', name, files, at };
  const size = volume.size === undefined ? {} : { sizeBytes: Number(parseBytes(volume.size)) };
  return { kind: 'empty', name, medium: volume.medium === 'memory' ? 'memory' : 'disk', ...size, at };
}

function buildApp(document: ManifestDocument, outline: Outline, app: OutlineApp): Spec.AppSpec {
  const { pointer } = app;
  const locate = <T>(key: string, value: T): Spec.Located<T> => ({ value, at: document.at(join(pointer, key)) });
  return {
    name: app.name!,
    image: locate('image', app.image!),
    ...(app.exec && { exec: locate('exec', app.exec) }),
    ...(app.user !== undefined && { user: locate('user', String(app.user)) }),
    ...(app.group !== undefined && { group: locate('group', String(app.group)) }),
    supplementaryGids: app.supplementaryGids,
    env: app.env,
    ...(app.workingDirectory !== undefined && { workingDirectory: locate('workingDirectory', app.workingDirectory) }),
    readOnlyRootFS: app.readOnlyRootFS,
    tty: app.tty,
    mounts: app.mounts.map((mount) => buildMount(document, mount)),
    ports: app.ports.map((port) => buildPort(document, port)),
    isolators: app.isolators.map((isolator) => buildIsolator(document, isolator)),
    restart: buildRestart(document, app),
    after: app.after.map((after) => ({
      app: after.app!,
      condition: after.condition as Spec.AfterSpec['condition'],
      at: document.at(after.pointer),
    })),
    stop: buildStop(app),
    ...(Object.keys(app.annotations).length > 0 ? { annotations: app.annotations } : {}),
    hooks: buildHooks(document, app),
    probes: buildProbes(document, outline, app),
    at: document.at(pointer),
  };
}

function buildRestart(document: ManifestDocument, { restart, pointer }: OutlineApp): Spec.RestartSpec {
  const policy = (restart?.policy ?? 'never') as Spec.RestartSpec['policy'];
  const maxRetries = restart?.maxRetries === undefined ? {} : { maxRetries: restart.maxRetries };
  return {
    policy,
    ...maxRetries,
    backoff: backoffOf(restart?.backoff ?? {}),
    at: document.at(join(pointer, 'restart')),
  };
}

const HOOK_NAMES: readonly Spec.HookName[] = ['preStart', 'postStart', 'preStop', 'postStop'];
const DEFAULT_HOOK_LIMIT_MS = 30_000;

function buildHooks(document: ManifestDocument, { hooks, pointer }: OutlineApp): Spec.HooksSpec {
  const commands: Partial<Record<Spec.HookName, Spec.Located<readonly string[]>>> = {};
  for (const name of HOOK_NAMES) {
    const value = texts(hooks?.[name]);
    if (value) commands[name] = { value, at: document.at(join(join(pointer, 'hooks'), name)) };
  }
  const limit = hooks?.['timeout'];
  return { commands, limitMs: typeof limit === 'string' ? parseDurationMs(limit) : DEFAULT_HOOK_LIMIT_MS };
}

function buildStop({ stopSignal, stopGrace }: OutlineApp): Spec.StopSpec {
  const graceMs = stopGrace === undefined ? DEFAULT_GRACE_MS : parseDurationMs(stopGrace);
  return { ...(stopSignal !== undefined && { signal: stopSignal }), graceMs };
}

function buildMount(
  document: ManifestDocument,
  { volume, path, readOnly, subPath, pointer }: OutlineMount,
): Spec.MountSpec {
  return {
    volume: volume!,
    path: path!,
    readOnly,
    ...(subPath !== undefined && { subPath }),
    at: document.at(pointer),
  };
}

function buildPort(
  document: ManifestDocument,
  { name, port, protocol, hostPort, hostIP, pointer }: OutlinePort,
): Spec.PortSpec {
  return {
    name: name!,
    port: port!,
    protocol: protocol as 'tcp' | 'udp',
    ...(hostPort !== undefined && { hostPort }),
    ...(hostIP !== undefined && { hostIP, hostIPAt: document.at(join(pointer, 'hostIP')) }),
    at: document.at(hostPort === undefined ? pointer : join(pointer, 'hostPort')),
  };
}

export function buildIsolator(
  document: ManifestDocument,
  { name, value, pointer, valuePointer, isListed }: OutlineIsolator,
): Spec.IsolatorSpec {
  const at = isListed ? document.at(pointer) : document.atKey(pointer);
  return {
    name,
    value,
    at,
    atOf: (relative) => (document.has(valuePointer + relative) ? document.at(valuePointer + relative) : at),
  };
}
