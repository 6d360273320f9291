import { dirname } from 'node:path';
import { PodError, PodErrors, podErrorsOf, type Position } from '../error.ts';
import { allErrors } from '../isolators/judge.ts';
import { type ParsedManifest, parseManifest, parseObject } from '../manifest/parse.ts';
import { readManifestText } from '../manifest/read-text.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { PLACES } from '../network/rooms.ts';
import { findFiles } from './find-files.ts';
import type { EnvironmentOptions } from './options.ts';

/** A pod of an environment, as its manifest describes it. */
export interface Member {
  readonly spec: PodSpec;
  /** Base directory of relative image references. */
  readonly baseDir: string;
}

/** Throws all errors of all manifests at once. */
export function readMembers({ manifests }: Pick<EnvironmentOptions, 'manifests'>, baseDir: string): Member[] {
  const errors: PodError[] = [];
  const members = sources(manifests, baseDir, errors).flatMap((source) => readOne(source, baseDir, errors));
  errors.push(...duplicates(members), ...members.flatMap(({ spec }) => unsuitable(spec)));
  if (members.length > PLACES)
    errors.push(
      new PodError('test/options', `make an environment of ${members.length} pods: it has room for ${PLACES}`),
    );
  if (errors.length > 0) throw new PodErrors(errors);
  return members;
}

/** A path, or an object with the name that errors use for it. */
type Source = string | { readonly name: string; readonly value: object };

function sources(
  manifests: EnvironmentOptions['manifests'] | undefined,
  baseDir: string,
  errors: PodError[],
): Source[] {
  const list = [manifests ?? []].flat() as (string | object)[];
  if (list.length === 0) errors.push(new PodError('test/options', 'make an environment: it has no manifests'));
  return list.flatMap((one, index): Source[] => {
    if (typeof one !== 'string') return [{ name: `<manifests[${index}]>`, value: one }];
    try {
      return findFiles(one, baseDir);
    } catch (error) {
      errors.push(error as PodError);
      return [];
    }
  });
}

function readOne(source: Source, baseDir: string, errors: PodError[]): Member[] {
  const own = typeof source === 'string' ? dirname(source) : baseDir;
  const parsed =
    typeof source === 'string' ? readFile(source, own) : parseObject(source.value, source.name, { baseDir: own });
  errors.push(...allErrors(parsed));
  return parsed.spec ? [{ spec: parsed.spec, baseDir: own }] : [];
}

function readFile(path: string, baseDir: string): ParsedManifest {
  try {
    return parseManifest(readManifestText(path), path, { baseDir });
  } catch (error) {
    return { errors: [...podErrorsOf(error)], warnings: [] };
  }
}

function duplicates(members: readonly Member[]): PodError[] {
  const first = new Map<string, Position>();
  return members.flatMap(({ spec: { name, at } }) => {
    const other = first.get(name);
    if (!other) {
      first.set(name, at);
      return [];
    }
    const hint = `the other one is in ${other.file}`;
    return [
      new PodError('manifest/duplicate', `add pod "${name}" to the environment: there is one of that name`, {
        at,
        hint,
      }),
    ];
  });
}

/** Rejects what a clone would share with other clones, or with the host. */
function unsuitable({ network, volumes }: PodSpec): PodError[] {
  const refuse = (what: string, at: Position, hint: string): PodError =>
    new PodError('manifest/unsupported', `${what} in a test environment: clones would share it`, { at, hint });
  const shared = volumes.filter((volume) => volume.kind === 'host' && !volume.readOnly);
  return [
    ...(network.mode === 'bridge' || network.mode === 'none'
      ? []
      : [refuse(`use network mode "${network.mode}"`, network.at, 'use bridge or none')]),
    ...shared.map(({ name, at }) =>
      refuse(`write to volume "${name}" of the host`, at, 'use readOnly: true, or kind: empty'),
    ),
  ];
}
