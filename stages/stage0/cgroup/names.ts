import { sym, type Text } from '../../tape/program.ts';

/** A pod's directory below a hierarchy's mount point, for a known uuid. */
export function podDirectory(mountPoint: string, uuid: string): string {
  return `${mountPoint}/pod-${uuid}`;
}

export function appLeaf(app: string): string {
  return `app-${app}`;
}

/** The directory of the pod's PID 1, if it has one: version 2 allows processes in leaves only. */
export const INIT_LEAF = 'init';

/** The same directory, or a path below it, as text for the tape, where the uuid is a symbol. */
export function podPath(mountPoint: string, ...below: readonly string[]): Text {
  return [`${mountPoint}/pod-`, sym('uuid'), below.map((part) => `/${part}`).join('')];
}
