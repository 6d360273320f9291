// The manifest's value as the checks read it: every field with the type its name promises, or absent. Built from values the
// schema has refused too, so that one wrong field does not hide what is wrong elsewhere.

import { join } from './pointer.ts';
import { each, flag, object, type Obj, texts, text, textMap, whole } from './outline-read.ts';

interface Placed {
  /** JSON pointer of the thing in the manifest. */
  readonly pointer: string;
}

export interface OutlineVolume extends Placed {
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
  readonly source?: string | undefined;
  readonly medium?: string | undefined;
  readonly size?: string | number | undefined;
  readonly readOnly: boolean;
  readonly files: Readonly<Record<string, string>>;
}

export interface OutlineMount extends Placed {
  readonly volume?: string | undefined;
  readonly path?: string | undefined;
  readonly subPath?: string | undefined;
  readonly readOnly: boolean;
}

export interface OutlinePort extends Placed {
  readonly name?: string | undefined;
  readonly port?: number | undefined;
  readonly protocol: string;
  readonly hostPort?: number | undefined;
  readonly hostIP?: string | undefined;
}

export interface OutlineAfter extends Placed {
  readonly app?: string | undefined;
  readonly condition: string;
}

export interface OutlineIsolator extends Placed {
  readonly name: string;
  readonly value: unknown;
  /** JSON pointer of the value; `pointer` is that of the name's place. */
  readonly valuePointer: string;
  /** Written as an item of appc's list. */
  readonly isListed: boolean;
}

export interface OutlineRestart {
  readonly policy: string;
  readonly maxRetries?: number | undefined;
  /** Durations: `initial`, `cap`, `reset`. */
  readonly backoff: Obj;
}

export interface OutlineApp extends Placed {
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly exec?: readonly string[] | undefined;
  readonly user?: string | number | undefined;
  readonly group?: string | number | undefined;
  readonly supplementaryGids: readonly number[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory?: string | undefined;
  readonly readOnlyRootFS: boolean;
  readonly tty: boolean;
  readonly mounts: readonly OutlineMount[];
  readonly ports: readonly OutlinePort[];
  readonly isolators: readonly OutlineIsolator[];
  readonly restart?: OutlineRestart | undefined;
  readonly after: readonly OutlineAfter[];
  readonly stopSignal?: string | undefined;
  readonly stopGrace?: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly probes: Readonly<Record<string, Obj>>;
  readonly hooks: Obj | undefined;
}

export interface Outline {
  readonly name?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly hostname?: string | undefined;
  readonly networkMode: string;
  /** 0 for none. */
  readonly usernsSize: number;
  readonly volumes: readonly OutlineVolume[];
  readonly apps: readonly OutlineApp[];
  readonly isolators: readonly OutlineIsolator[];
  readonly metadataService: boolean;
}

const DEFAULT_USERNS_SIZE = 65536;

export function outlineOf(value: unknown): Outline {
  const pod = object(value) ?? {};
  const metadata = object(pod['metadata']) ?? {};
  return {
    name: text(metadata, 'name'),
    labels: textMap(metadata, 'labels'),
    annotations: textMap(metadata, 'annotations'),
    hostname: text(pod, 'hostname'),
    networkMode: text(object(pod['network']) ?? {}, 'mode') ?? 'bridge',
    usernsSize: pod['userns'] === 'host' ? 0 : (whole(object(pod['userns']) ?? {}, 'size') ?? DEFAULT_USERNS_SIZE),
    volumes: each(pod, 'volumes', '', outlineVolume),
    apps: each(pod, 'apps', '', outlineApp),
    isolators: outlineIsolators(pod['isolators'], '/isolators'),
    metadataService: flag(pod, 'metadataService'),
  };
}

function outlineVolume(volume: Obj, pointer: string): OutlineVolume {
  return {
    pointer,
    name: text(volume, 'name'),
    kind: text(volume, 'kind'),
    source: text(volume, 'source'),
    medium: text(volume, 'medium'),
    size: text(volume, 'size') ?? whole(volume, 'size'),
    readOnly: flag(volume, 'readOnly'),
    files: textMap(volume, 'files'),
  };
}

function outlineApp(app: Obj, pointer: string): OutlineApp {
  const restart = object(app['restart']);
  const stop = object(app['stop']) ?? {};
  return {
    pointer,
    name: text(app, 'name'),
    image: text(app, 'image'),
    exec: texts(app['exec']),
    user: text(app, 'user') ?? whole(app, 'user'),
    group: text(app, 'group') ?? whole(app, 'group'),
    supplementaryGids: gids(app['supplementaryGids']),
    env: textMap(app, 'env'),
    workingDirectory: text(app, 'workingDirectory'),
    readOnlyRootFS: flag(app, 'readOnlyRootFS'),
    tty: flag(app, 'tty'),
    mounts: each(app, 'mounts', pointer, outlineMount),
    ports: each(app, 'ports', pointer, outlinePort),
    isolators: outlineIsolators(app['isolators'], join(pointer, 'isolators')),
    restart: restart && outlineRestart(restart),
    after: each(app, 'after', pointer, (after, at) => ({
      pointer: at,
      app: text(after, 'app'),
      condition: text(after, 'condition') ?? 'started',
    })),
    stopSignal: text(stop, 'signal'),
    stopGrace: text(stop, 'grace'),
    annotations: textMap(app, 'annotations'),
    probes: probesOf(app['probes']),
    hooks: object(app['hooks']),
  };
}

function outlineRestart(restart: Obj): OutlineRestart {
  return {
    policy: text(restart, 'policy') ?? 'never',
    maxRetries: whole(restart, 'maxRetries'),
    backoff: object(restart['backoff']) ?? {},
  };
}

function outlineMount(mount: Obj, pointer: string): OutlineMount {
  return {
    pointer,
    volume: text(mount, 'volume'),
    path: text(mount, 'path'),
    subPath: text(mount, 'subPath'),
    readOnly: flag(mount, 'readOnly'),
  };
}

function outlinePort(port: Obj, pointer: string): OutlinePort {
  return {
    pointer,
    name: text(port, 'name'),
    port: whole(port, 'port'),
    protocol: text(port, 'protocol') ?? 'tcp',
    hostPort: whole(port, 'hostPort'),
    hostIP: text(port, 'hostIP'),
  };
}

/** Both forms: a map of names to values, and appc's list of `{name, value}`. */
function outlineIsolators(value: unknown, pointer: string): OutlineIsolator[] {
  if (!Array.isArray(value)) {
    return Object.entries(object(value) ?? {}).map(([name, item]) => {
      const at = join(pointer, name);
      return { pointer: at, name, value: item, valuePointer: at, isListed: false };
    });
  }
  return value.flatMap((item: unknown, index) => {
    const entry = object(item);
    const name = entry && text(entry, 'name');
    if (name === undefined) return [];
    const at = join(pointer, index);
    return [
      { pointer: join(at, 'name'), name, value: entry?.['value'], valuePointer: join(at, 'value'), isListed: true },
    ];
  });
}

function gids(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((item): item is number => Number.isSafeInteger(item)) : [];
}

function probesOf(value: unknown): Record<string, Obj> {
  const probes: Record<string, Obj> = Object.create(null) as Record<string, Obj>;
  for (const [name, item] of Object.entries(object(value) ?? {})) {
    const probe = object(item);
    if (probe) probes[name] = probe;
  }
  return probes;
}
