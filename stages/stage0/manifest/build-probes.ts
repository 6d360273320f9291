import { addressOf } from './check-probes.ts';
import type { ManifestDocument } from './document.ts';
import type { Outline, OutlineApp } from './outline.ts';
import { object, type Obj, text, textMap, texts, whole } from './outline-read.ts';
import { join } from './pointer.ts';
import { parseDurationMs } from './quantity.ts';
import type * as Spec from './spec.ts';

const DEFAULT_PERIOD = '10s';
const DEFAULT_TIMEOUT = '1s';
const DEFAULT_FAILURES = 3;
const ROLES = ['start', 'ready', 'live'] as const;

/** Of an app that has passed every check. */
export function buildProbes(document: ManifestDocument, outline: Outline, app: OutlineApp): Spec.ProbeSpec[] {
  return ROLES.flatMap((role) => {
    const probe = app.probes[role];
    if (!probe) return [];
    const pointer = join(join(app.pointer, 'probes'), role);
    const duration = (key: string, fallback: string): number => parseDurationMs(text(probe, key) ?? fallback);
    return [
      {
        role,
        delayMs: duration('initialDelay', '0s'),
        periodMs: duration('period', DEFAULT_PERIOD),
        timeoutMs: duration('timeout', DEFAULT_TIMEOUT),
        successes: whole(probe, 'successes') ?? 1,
        failures: whole(probe, 'failures') ?? DEFAULT_FAILURES,
        question: questionOf(probe, app, outline),
        at: document.atKey(pointer),
      },
    ];
  });
}

function questionOf(probe: Obj, app: OutlineApp, outline: Outline): Spec.ProbeSpec['question'] {
  const { tcp, http, grpc } = { tcp: object(probe['tcp']), http: object(probe['http']), grpc: object(probe['grpc']) };
  if (tcp) return { kind: 'tcp', ...targetOf(tcp, app, outline) };
  if (grpc) return { kind: 'grpc', ...targetOf(grpc, app, outline), service: text(grpc, 'service') ?? '' };
  if (!http) return { kind: 'exec', command: texts(probe['exec'])! };
  const { path, headers } = { path: text(http, 'path') ?? '/', headers: textMap(http, 'headers') };
  return { kind: 'http', ...targetOf(http, app, outline), path, headers };
}

function targetOf(
  target: Obj,
  app: OutlineApp,
  outline: Outline,
): Pick<Spec.HttpProbe, 'port' | 'address' | 'hostName'> {
  const name = text(target, 'port');
  const port = whole(target, 'port') ?? app.ports.find((candidate) => candidate.name === name)!.port!;
  const host = text(target, 'host') ?? 'localhost';
  return { port, address: addressOf(host, outline)!, hostName: host };
}
