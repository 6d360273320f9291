// How init supervises an app, in the words of struct tape_app and struct tape_probe.

import { APP_FLAGS, HOOK_NAMES, PROBE_KINDS, PROBE_ROLES, RESTART_POLICIES } from './format.ts';
import type { Span, SupervisedApp, SupervisedProbe, Tape } from './program.ts';

type IndexOf = (tape: Tape | undefined) => number;

/** The words from `restart` to `hook_limits_ms`. */
export function supervisionWords({ restart, hooks = {} }: SupervisedApp, indexOf: IndexOf): number[] {
  return [
    RESTART_POLICIES.indexOf(restart?.policy ?? 'never'),
    restart?.maxRetries ?? -1,
    restart?.backoffFirstMs ?? 0,
    restart?.backoffCapMs ?? 0,
    restart?.healthyMs ?? 0,
    ...HOOK_NAMES.map((name) => indexOf(hooks[name]?.tape)),
    ...HOOK_NAMES.map((name) => hooks[name]?.limitMs ?? 0),
  ];
}

export function flagsOf(app: SupervisedApp): number {
  return (
    (app.terminal ? APP_FLAGS.terminal : 0) |
    (app.inputKept ? APP_FLAGS.inputKept : 0) |
    (app.firstClient ? APP_FLAGS.firstClient : 0)
  );
}

export function probeWords(
  app: number,
  probe: SupervisedProbe,
  indexOf: IndexOf,
  spanOf: (span: Span | undefined) => readonly [number, number],
): number[] {
  const { role, ask, delayMs, periodMs, timeoutMs, successes, failures, earlyMs = 0 } = probe;
  const [low, high] = ask.kind === 'http' || ask.kind === 'grpc' ? ask.statuses : [0, 0];
  return [
    app,
    PROBE_ROLES.indexOf(role),
    PROBE_KINDS.indexOf(ask.kind),
    ask.kind === 'tape' ? indexOf(ask.tape) : -1,
    delayMs,
    periodMs,
    timeoutMs,
    successes,
    failures,
    low,
    high,
    earlyMs,
    ...spanOf(ask.kind === 'tape' ? undefined : ask.address),
    ...spanOf(ask.kind === 'http' || ask.kind === 'grpc' ? ask.request : undefined),
  ];
}
