import { checkDuration } from './check-values.ts';
import { canonicalIp } from './ip-address.ts';
import type { Outline, OutlineApp } from './outline.ts';
import { object, type Obj, text } from './outline-read.ts';
import { join } from './pointer.ts';
import type { Report } from './report.ts';
import { show } from './show.ts';
import { suggestionHint } from './suggest.ts';

const ACTIONS = ['http', 'tcp', 'exec', 'grpc'];
const DURATIONS = ['initialDelay', 'period', 'timeout'];
/** The request's framing, which is ours. */
const OWN_HEADERS = ['connection', 'content-length', 'transfer-encoding'];

export function checkProbes(outline: Outline, report: Report): void {
  for (const app of outline.apps) {
    for (const [name, probe] of Object.entries(app.probes)) {
      const at = join(join(app.pointer, 'probes'), name);
      checkProbe(at, name, probe, report);
      for (const action of ['http', 'tcp', 'grpc']) {
        const target = object(probe[action]);
        if (target) checkTarget(join(at, action), target, app, outline, report);
      }
    }
  }
}

function checkProbe(at: string, name: string, probe: Obj, report: Report): void {
  const actions = ACTIONS.filter((action) => probe[action] !== undefined);
  const rule = `one of ${ACTIONS.join(', ')} must be there`;
  if (actions.length === 0) report.errorAtKey('manifest/schema', at, `no action: ${rule}`);
  if (actions.length > 1)
    report.errorAtKey('manifest/schema', join(at, actions[1]!), `${actions.join(' and ')} together: only ${rule}`);
  for (const key of DURATIONS) {
    const value = probe[key];
    if (typeof value === 'string') checkDuration(join(at, key), value, report, key !== 'initialDelay');
  }
  const command = probe['exec'];
  if (Array.isArray(command) && command[0] === '')
    report.error('manifest/schema', join(join(at, 'exec'), 0), 'the name of the command is empty');
  if (name === 'live' && probe['successes'] !== undefined && probe['successes'] !== 1)
    report.warn('manifest/schema', join(at, 'successes'), 'has no effect: only failures of a live probe count');
}

function checkTarget(at: string, target: Obj, app: OutlineApp, outline: Outline, report: Report): void {
  const port = text(target, 'port');
  if (port !== undefined) checkPortName(join(at, 'port'), port, app, report);
  const host = text(target, 'host');
  if (host !== undefined) checkProbeHost(join(at, 'host'), host, outline, report);
  checkHeaders(join(at, 'headers'), object(target['headers']) ?? {}, report);
}

/** fe80::/10 (RFC 4291), with or without a zone (RFC 4007). The kernel needs the zone as the index of a link that is not made yet. */
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/i;

function checkProbeHost(at: string, host: string, outline: Outline, report: Report): void {
  if (LINK_LOCAL.test(host)) {
    const problem = `${show(host)} is a link-local address, and a probe cannot choose the link`;
    report.error('manifest/schema', at, problem, 'write another address of the pod, or "localhost"');
  } else if (addressOf(host, outline) === undefined) {
    const own = outline.hostname ?? outline.name;
    const hint = `write an address in numbers, "localhost", or ${show(own ?? 'the hostname')} for the pod's own`;
    report.error('manifest/schema', at, `${show(host)} is not an IP address, and is not looked up`, hint);
  }
}

function checkPortName(at: string, name: string, app: OutlineApp, report: Report): void {
  const port = app.ports.find((candidate) => candidate.name === name);
  if (!port) {
    const names = app.ports.flatMap((candidate) => candidate.name ?? []);
    const problem = `the app ${show(app.name ?? '')} has no port called ${show(name)}`;
    report.error('manifest/reference', at, problem, suggestionHint(name, names, 'its ports are'));
  } else if (port.protocol === 'udp') {
    report.error('manifest/reference', at, `the port ${show(name)} is a udp port, but probes use tcp`);
  }
}

function checkHeaders(at: string, headers: Obj, report: Report): void {
  const seen = new Set<string>();
  for (const name of Object.keys(headers)) {
    const key = name.toLowerCase();
    if (seen.has(key))
      report.errorAtKey('manifest/duplicate', join(at, name), `the header ${show(name)} is there twice`);
    if (OWN_HEADERS.includes(key)) {
      const problem = `the header ${show(name)} cannot be set: the probe closes its connection, and sends no body`;
      report.errorAtKey('manifest/schema', join(at, name), problem);
    }
    seen.add(key);
  }
}

/** As the pod's /etc/hosts would have it; `pod` for the pod's own address. Undefined: neither a name in it nor an address. */
export function addressOf(host: string, { hostname, name }: Outline): string | undefined {
  if (host === (hostname ?? name)) return 'pod';
  return host === 'localhost' ? '127.0.0.1' : canonicalIp(host);
}
