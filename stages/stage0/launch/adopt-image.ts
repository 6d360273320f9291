import { posix } from 'node:path';
import { PodError, PodErrors } from '../error.ts';
import { printableText } from '../image/tar/fault.ts';
import type { AciConfig, ResolvedImage } from '../image/types.ts';
import type { AnyIsolator } from '../isolators/isolator.ts';
import type { OfImage } from '../isolators/of-image.ts';
import { findIsolator } from '../isolators/registry.ts';
import { parseObject } from '../manifest/parse.ts';
import type { AppSpec, HookName, HooksSpec, IsolatorSpec, MountSpec } from '../manifest/spec.ts';

/**
 * The app with what an App Container Image says about how it runs. The pod's manifest has precedence, and what the image says can only
 * restrict the app: it grants nothing, and it decides neither which volumes the app sees nor as whom a user of the manifest runs.
 * `ofPod`: the isolators of the pod. Throws `PodErrors` at the line of the image.
 */
export function adoptImage(app: AppSpec, image: ResolvedImage, ofPod: readonly IsolatorSpec[]): AppSpec {
  const { aci } = image.config;
  if (!aci) return app;
  const errors: PodError[] = [];
  const fault: Fault = (code, what, hint) => {
    errors.push(
      new PodError(code, `start app "${app.name}" from image "${image.ref}": ${what}`, { at: app.image.at, hint }),
    );
  };
  const isolators = adoptIsolators(app, aci, ofPod, fault);
  const mounts = adoptMountPoints(app, aci, fault);
  if (errors.length > 0) throw new PodErrors(errors);
  return { ...app, isolators: [...app.isolators, ...isolators], mounts, hooks: adoptHooks(app, aci) };
}

type Fault = (code: 'image/manifest' | 'image/mount-point', what: string, hint?: string) => void;

/** Those that the manifest does not set itself. */
function adoptIsolators(
  app: AppSpec,
  { isolators }: AciConfig,
  ofPod: readonly IsolatorSpec[],
  fault: Fault,
): IsolatorSpec[] {
  const set = new Set(app.isolators.map(({ name }) => name));
  const kinds = new Set(app.isolators.flatMap(({ name }) => findIsolator(name)?.kind ?? []));
  const isSet = (name: string): boolean => {
    const { kind, scopes = [] } = findIsolator(name) ?? {};
    if (kind !== undefined && kinds.has(kind)) return true;
    return set.has(name) || (!scopes.includes('app') && ofPod.some((isolator) => isolator.name === name));
  };
  const wanted = isolators.filter(({ name }) => !isSet(name));
  const namesUser = app.user !== undefined || app.group !== undefined;
  return wanted.flatMap((one) => {
    const isolator = findIsolator(one.name);
    const [read] = isolator?.ofImage ? readIsolator(one, fault) : [one];
    if (!read) return [];
    const allowed = ofImage(isolator, read.value, namesUser);
    if ('value' in allowed) return [{ ...read, value: allowed.value, at: app.image.at, atOf: () => app.image.at }];
    fault('image/manifest', `it asks for ${one.name}: ${allowed.refused}`, isolator && hintFor(isolator, one));
    return [];
  });
}

function ofImage(isolator: AnyIsolator | undefined, value: unknown, namesUser: boolean): OfImage {
  if (!isolator) return { refused: 'there is no isolator of that name' };
  return isolator.ofImage?.(value as never, { namesUser }) ?? { refused: 'it is not for an image to decide' };
}

function hintFor({ scopes }: AnyIsolator, { name, value }: AciConfig['isolators'][number]): string {
  const place = scopes.includes('app') ? 'app' : 'pod';
  const text = printableText(JSON.stringify(value));
  return `if it should have that, write it in the manifest, at the ${place}: isolators: {${name}: ${text}}`;
}

/** Checks the value as that of a manifest is checked; each by itself, so that one hides nothing of the others. */
function readIsolator(wanted: AciConfig['isolators'][number], fault: Fault): readonly IsolatorSpec[] {
  const apps = [{ name: 'app', image: 'host', isolators: [wanted] }];
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'image' }, apps };
  const { spec, errors } = parseObject(manifest, '-', { baseDir: '/' });
  for (const { message } of errors) {
    const what = message.replace('apps[0].isolators[0]', wanted.name);
    fault('image/manifest', `in its isolators, ${what}`);
  }
  return spec?.apps[0]!.isolators ?? [];
}

/**
 * The image says where it needs a volume, the manifest which one it gets. By the name of a volume alone, an image could take one that
 * is meant for another app.
 */
function adoptMountPoints(app: AppSpec, { mountPoints }: AciConfig, fault: Fault): readonly MountSpec[] {
  const readOnly = new Set<string>();
  for (const point of mountPoints) {
    const path = posix.resolve(point.path);
    if (point.readOnly) readOnly.add(path);
    if (app.mounts.some((mount) => posix.resolve(mount.path) === path)) continue;
    const what = `it expects a volume at "${path}", its mount point "${point.name}"`;
    const example = `volumes: [{name: ${point.name}, kind: empty}], and at the app mounts: [{volume: ${point.name}, path: ${path}}]`;
    fault('image/mount-point', what, `write in the manifest, for example: ${example}`);
  }
  return app.mounts.map((mount) => (readOnly.has(posix.resolve(mount.path)) ? { ...mount, readOnly: true } : mount));
}

/** They run as root in the pod, as in rkt, unless the manifest says as whom the app runs: then the image does not get around that. */
function adoptHooks(app: AppSpec, { hooks }: AciConfig): HooksSpec {
  const { commands } = app.hooks;
  const added = Object.entries(hooks).filter(([name]) => commands[name as HookName] === undefined);
  const named = added.map(([name, value]) => [name, { value, at: app.image.at }] as const);
  const asUser = app.user || app.group ? { asUser: added.map(([name]) => name as HookName) } : {};
  return { ...app.hooks, ...asUser, commands: { ...commands, ...Object.fromEntries(named) } };
}
