import { isAcIdentifier, isAcName } from '../../metadata/appc.ts';
import { EMPTY_CONFIG } from '../config.ts';
import type { JsonObject } from '../json.ts';
import type { AciConfig, ImageConfig } from '../types.ts';
import { type ManifestReport, show } from './report.ts';

/** What the `app` of an image manifest says. */
export type AciApp = Omit<AciConfig, 'name' | 'labels'> & { readonly config: ImageConfig };

const FIELDS = [
  'exec',
  'user',
  'group',
  'supplementaryGIDs',
  'eventHandlers',
  'workingDirectory',
  'environment',
  'mountPoints',
  'ports',
  'isolators',
  'userAnnotations',
  'userLabels',
] as const;

const HOOKS: Readonly<Record<string, keyof AciConfig['hooks']>> = { 'pre-start': 'preStart', 'post-stop': 'postStop' };
const MOST_ID = 4_294_967_294;

/** An image without an `app` is files only. */
export function readApp(value: unknown, report: ManifestReport): AciApp {
  const none: AciApp = { config: EMPTY_CONFIG, isolators: [], hooks: {}, mountPoints: [], ports: [] };
  if (value === undefined || value === null) return none;
  const app = report.object(value, 'app', FIELDS);
  if (!app) return none;
  const mountPoints = readMountPoints(app.mountPoints, report);
  return {
    config: { ...readProcess(app, report), volumes: mountPoints.map(({ path }) => path) },
    isolators: readIsolators(app.isolators, report),
    hooks: readHooks(app.eventHandlers, report),
    mountPoints,
    ports: readPorts(app.ports, report),
  };
}

function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

/** It is shown to people. */
function isPrintablePath(path: string): boolean {
  return isAbsolute(path) && !/[\p{Cc}\p{Cf}]/u.test(path);
}

function isNotEmpty(text: string): boolean {
  return text !== '';
}

function readProcess(app: JsonObject, report: ManifestReport): ImageConfig {
  const exec = readCommand(app.exec, 'app.exec', report);
  const user = report.textLike(app.user, 'app.user', isNotEmpty, 'a user');
  const group = report.textLike(app.group, 'app.group', isNotEmpty, 'a group');
  const gids = report
    .list(app.supplementaryGIDs, 'app.supplementaryGIDs')
    .flatMap((gid, index) => report.wholeNumber(gid, `app.supplementaryGIDs[${index}]`, 0, MOST_ID) ?? []);
  const directory = app.workingDirectory;
  const hasDirectory = directory !== undefined && directory !== null && directory !== '';
  const workingDirectory = hasDirectory
    ? report.textLike(directory, 'app.workingDirectory', isAbsolute, 'an absolute path')
    : undefined;
  return {
    ...EMPTY_CONFIG,
    entrypoint: exec,
    env: readEnvironment(app.environment, report),
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    ...(gids.length > 0 && { supplementaryGids: gids }),
    ...(workingDirectory !== undefined && { workingDirectory }),
  };
}

/** A name without a slash is found in the PATH, as in other images: since 0.8 of the specification. */
function readCommand(value: unknown, place: string, report: ManifestReport): readonly string[] {
  return report.list(value, place).map((item, index) => {
    const at = `${place}[${index}]`;
    const text = index === 0 ? report.textLike(item, at, isNotEmpty, 'a program') : report.text(item, at);
    return text ?? '';
  });
}

function readEnvironment(value: unknown, report: ManifestReport): Record<string, string> {
  const isName = (text: string): boolean => text !== '' && !text.includes('=');
  const pairs = report.objects(value, 'app.environment', ['name', 'value']).map(([pair, at]) => {
    const name = report.textLike(pair.name, `${at}.name`, isName, 'the name of a variable');
    return [name ?? '', report.text(pair.value, `${at}.value`) ?? '', `${at}.name`] as const;
  });
  report.distinct(pairs.flatMap(([name, , at]) => (name === '' ? [] : [[name, at] as const])));
  // fromEntries defines its keys, so a variable called __proto__ is an ordinary variable.
  return Object.fromEntries(pairs);
}

function readHooks(value: unknown, report: ManifestReport): AciConfig['hooks'] {
  const isHook = (name: string): boolean => Object.hasOwn(HOOKS, name);
  const found = report.objects(value, 'app.eventHandlers', ['name', 'exec']).map(([handler, at]) => {
    const name = report.textLike(handler.name, `${at}.name`, isHook, '"pre-start" or "post-stop"');
    const exec = readCommand(handler.exec, `${at}.exec`, report);
    if (exec.length === 0) report.fault(`${at}.exec`, 'it names no command');
    return [name, exec, `${at}.name`] as const;
  });
  report.distinct(found.flatMap(([name, , at]) => (name === undefined ? [] : [[name, at] as const])));
  return Object.fromEntries(found.flatMap(([name, exec]) => (name === undefined ? [] : [[HOOKS[name]!, exec]])));
}

function readMountPoints(value: unknown, report: ManifestReport): AciConfig['mountPoints'] {
  const points = report.objects(value, 'app.mountPoints', ['name', 'path', 'readOnly']).map(([point, at]) => ({
    name: report.textLike(point.name, `${at}.name`, isAcName, 'an AC Name') ?? '',
    path: report.textLike(point.path, `${at}.path`, isPrintablePath, 'an absolute path') ?? '',
    readOnly: report.flag(point.readOnly, `${at}.readOnly`),
    at,
  }));
  const named = points.filter(({ name }) => name !== '');
  report.distinct(named.map(({ name, at }) => [name, `${at}.name`] as const));
  return points.map(({ name, path, readOnly }) => ({ name, path, readOnly }));
}

function readPorts(value: unknown, report: ManifestReport): AciConfig['ports'] {
  const known = ['name', 'protocol', 'port', 'count', 'socketActivated'];
  const ports = report.objects(value, 'app.ports', known).map(([entry, at]) => {
    const name = report.textLike(entry.name, `${at}.name`, isAcName, 'an AC Name') ?? '';
    const protocol = report.textLike(entry.protocol, `${at}.protocol`, isNotEmpty, 'a protocol') ?? '';
    const port = report.wholeNumber(entry.port, `${at}.port`, 1, 65_535) ?? 1;
    const hasCount = entry.count !== undefined && entry.count !== null && entry.count !== 0;
    const count = hasCount ? (report.wholeNumber(entry.count, `${at}.count`, 1, 65_536 - port) ?? 1) : 1;
    if (report.flag(entry.socketActivated, `${at}.socketActivated`)) {
      const what = `the app expects a socket for the port ${show(name)} from whoever starts it, which is not supported`;
      report.unsupported(`${at}.socketActivated`, what, 'build the image without it, if the app can listen by itself');
    }
    return { name, protocol, port, count, at };
  });
  report.distinct(ports.filter(({ name }) => name !== '').map(({ name, at }) => [name, `${at}.name`] as const));
  return ports.map(({ at: _at, ...port }) => port);
}

function readIsolators(value: unknown, report: ManifestReport): AciConfig['isolators'] {
  const isolators = report.objects(value, 'app.isolators', ['name', 'value']).map(([isolator, at]) => {
    const name = report.textLike(isolator.name, `${at}.name`, isAcIdentifier, 'an AC Identifier') ?? '';
    if (isolator.value === undefined) report.fault(`${at}.value`, 'is missing');
    return { name, value: isolator.value, at };
  });
  report.distinct(isolators.filter(({ name }) => name !== '').map(({ name, at }) => [name, `${at}.name`] as const));
  return isolators.map(({ name, value: wanted }) => ({ name, value: wanted }));
}
