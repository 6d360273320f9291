import { posix } from 'node:path';
import { ownerOf } from '../image/read-file.ts';
import { ImageTree } from '../image/tree.ts';
import type { ResolvedImage } from '../image/types.ts';
import type { Position } from '../error.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { answersOf } from '../metadata/answers.ts';
import { planAnswers, planMetadataSocket } from '../metadata/plan-metadata.ts';
import { imageId, nameImage } from '../metadata/project-image.ts';
import type { ServedApp } from '../metadata/project-pod.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { MetadataPlan, PlannedProcess, ResolvedApp } from '../plan/types.ts';

/** Plans the metadata service of the pod. */
export function planMetadata(
  spec: PodSpec,
  apps: readonly ResolvedApp[],
  { arch }: Pick<HostFacts, 'arch'>,
  at: Position,
): MetadataPlan {
  return {
    planSocket: (pod) => planMetadataSocket(pod, at),
    planAnswers: (program, processes) => {
      const served = apps.map((app) => servedApp(app, processes.get(app.spec.name)!.process, arch));
      planAnswers(program, answersOf(spec, served), at);
    },
  };
}

function servedApp({ spec, image }: ResolvedApp, process: PlannedProcess['process'], arch: string): ServedApp {
  const [command, ...args] = process.argv;
  const path = findCommand(image, command!, process);
  return {
    spec,
    process: { ...process, argv: [path, ...args] },
    image: { ...nameImage(image.ref, arch, image.config.aci), id: imageId(image.digest), config: image.config },
  };
}

/** appc has no search path, so this returns the absolute path of the file that execvp(3) would find. */
function findCommand(
  image: ResolvedImage,
  command: string,
  { env, workingDirectory }: Pick<PlannedProcess['process'], 'env' | 'workingDirectory'>,
): string {
  const from = (directory: string): string => posix.resolve('/', workingDirectory, directory, command);
  if (command.includes('/')) return from('.');
  const places = (env['PATH'] ?? '/usr/bin').split(':').map(from);
  using tree = new ImageTree(image);
  return places.find((place) => ownerOf(tree, place) !== undefined) ?? places[0]!;
}
