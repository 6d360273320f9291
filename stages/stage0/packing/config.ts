import { type Documents } from '../image/documents.ts';
import { configObject } from '../image/history.ts';
import { arrayOf, type JsonObject, objectOf } from '../image/json.ts';
import { ARCHITECTURE } from '../image/platform.ts';
import type { ImageConfig } from '../image/types.ts';

/** The layers of the archive: their digests uncompressed, and which of the image's they are. */
export interface PackedIds {
  readonly diffIds: readonly string[];
  readonly from: readonly (string | undefined)[];
}

/** The image's own configuration as far as it is kept, for the layers of the archive. */
export function packedConfig(config: ImageConfig, documents: Documents | undefined, ids: PackedIds): JsonObject {
  const rootfs = { type: 'layers', diff_ids: ids.diffIds };
  if (!documents) return { architecture: ARCHITECTURE, os: 'linux', config: plainConfig(config), rootfs };
  const { history: _, ...own } = configObject(documents, 'the configuration');
  const history = packedHistory(documents, ids);
  return { ...own, rootfs, ...(history && { history }) };
}

/** A layer that is not in the archive, because others hide it, leaves a step that made none. */
function packedHistory(documents: Documents, { from }: PackedIds): JsonObject[] | undefined {
  const config = configObject(documents, 'the configuration');
  const own = arrayOf(objectOf(config.rootfs, 'rootfs').diff_ids, 'diff_ids');
  const steps = arrayOf(config.history, 'history').map((step) => objectOf(step, 'history'));
  if (steps.filter((step) => step.empty_layer !== true).length !== own.length) return undefined;
  let layer = -1;
  return steps.map((step) => {
    if (step.empty_layer === true) return step;
    layer++;
    // Of two equal layers, the upper one is there.
    const isThere = own.lastIndexOf(own[layer]) === layer && from.includes(own[layer] as string);
    return isThere ? step : { ...step, empty_layer: true };
  });
}

/** As https://github.com/opencontainers/image-spec/blob/main/config.md has it. */
function plainConfig(config: ImageConfig): JsonObject {
  const { entrypoint, command, env, user, workingDirectory, stopSignal, labels, volumes } = config;
  return {
    ...(user !== undefined && { User: user }),
    ...(Object.keys(env).length > 0 && { Env: Object.entries(env).map(([name, value]) => `${name}=${value}`) }),
    ...(entrypoint.length > 0 && { Entrypoint: entrypoint }),
    ...(command.length > 0 && { Cmd: command }),
    ...(volumes.length > 0 && { Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) }),
    ...(workingDirectory !== undefined && { WorkingDir: workingDirectory }),
    ...(labels && { Labels: labels }),
    ...(stopSignal !== undefined && { StopSignal: stopSignal }),
  };
}
