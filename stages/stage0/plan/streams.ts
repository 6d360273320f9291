import type { StandardInput } from '../../stage2/descriptors.ts';
import type { SupervisedApp } from '../../tape/program.ts';
import type { AppSpec } from '../manifest/spec.ts';
import type { FirstStreams, PlanInput } from './types.ts';

/** Understood by nearly every terminal; a manifest may override it. */
export const TERMINAL_TYPE = 'xterm-256color';

const PLAIN: FirstStreams = { input: 'null', hasTerminal: false, hasClient: false };

export function streamsOf({ spec, first }: Pick<PlanInput, 'spec' | 'first'>, app: AppSpec): FirstStreams {
  if (first && app === spec.apps[0]) return first;
  return app.tty ? { ...PLAIN, hasTerminal: true } : PLAIN;
}

/** The kind of standard input in a start tape; a kept pipe counts as given. */
export function standardInput({ input, hasTerminal }: FirstStreams): StandardInput {
  if (hasTerminal) return 'terminal';
  return input === 'null' ? 'null' : 'given';
}

type AppFlags = Pick<SupervisedApp, 'terminal' | 'inputKept' | 'firstClient'>;

export function appFlags({ input, hasTerminal, hasClient }: FirstStreams): AppFlags {
  return { terminal: hasTerminal, inputKept: input === 'kept', firstClient: hasClient };
}

/** The caller's options for the first app's streams: `-i`, `-t` and `-d`. */
export interface StreamWants {
  readonly stdin: boolean;
  readonly tty?: boolean | undefined;
  readonly isDetached?: boolean | undefined;
}

export function firstStreams(app: AppSpec | undefined, { stdin, tty, isDetached }: StreamWants): FirstStreams {
  if (!app) return PLAIN;
  const hasTerminal = app.tty || tty === true;
  if (hasTerminal) return { input: 'null', hasTerminal, hasClient: !isDetached && (stdin || tty === true) };
  return { ...PLAIN, input: stdin ? (isDetached ? 'kept' : 'given') : 'null' };
}
