import { parseManifest } from '../manifest/parse.ts';
import { readIfThere } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';

/** TCP ports of a pod by the names its manifest gives them; the first app that has a name is meant. */
export function readNamedPorts(podPath: string): ReadonlyMap<string, number> {
  const path = `${podPath}/${POD_FILES.manifest}`;
  const { spec } = parseManifest(readIfThere(path) ?? '', path, { baseDir: podPath });
  const ports = (spec?.apps ?? []).flatMap((app) => app.ports).filter(({ protocol }) => protocol === 'tcp');
  return new Map(ports.toReversed().map(({ name, port }) => [name, port]));
}
