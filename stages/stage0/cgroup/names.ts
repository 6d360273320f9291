import { sym, type Text } from '../../tape/program.ts';

/** Directory of a pod below a hierarchy's mount point; on the tape its uuid is not known yet. */
export function podDirectory(mountPoint: string, uuid: string): string {
  return `${mountPoint}/pod-${uuid}`;
}

export function appLeaf(app: string): string {
  return `app-${app}`;
}

/** PID 1 of the pod, where it has a directory of its own: version 2 wants processes in leaves only. */
export const INIT_LEAF = 'init';

/** The same directory, or a path below it, as text on the tape. */
export function podPath(mountPoint: string, ...below: readonly string[]): Text {
  return [`${mountPoint}/pod-`, sym('uuid'), below.map((part) => `/${part}`).join('')];
}
