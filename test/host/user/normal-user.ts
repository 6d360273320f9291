import { existsSync, readdirSync } from 'node:fs';
import { POD_STATES } from '../../../stages/stage0/pod/layout.ts';

/** Without an account, and without ids in /etc/subuid. */
export const USER = 54_321;

/** Pods and claims of a state directory. */
export function whatIsIn(root: string): string[] {
  const dirs = [
    ...POD_STATES.map((state) => `pods/${state}`),
    ...namesIn(`${root}/claims`).map((kind) => `claims/${kind}`),
  ];
  return dirs.flatMap((dir) => namesIn(`${root}/${dir}`).map((name) => `${dir}/${name}`));
}

function namesIn(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : [];
}
