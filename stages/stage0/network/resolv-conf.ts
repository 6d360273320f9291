/**
 * Derives the pod's resolv.conf from the host's. Removes nameservers that only the host can reach: on its loopback, as with
 * systemd-resolved and dnsmasq, and link-local ones that need the host's interface. Adds none of its own, so that queries never go
 * to a third party. `upstream` is the resolv.conf of systemd-resolved itself, used when nothing else is left.
 */
export function resolvConf(hostText: string, upstream = ''): string {
  const kept = reachable(hostText);
  if (kept.some(isNameserver)) return finish(kept);
  const servers = reachable(upstream).filter(isNameserver);
  return finish([...servers, ...kept]);
}

/** For a pod whose queries a relay passes on to the host's nameservers; everything else is the host's. */
export function relayedResolvConf(hostText: string, relay: string): string {
  const rest = reachable(hostText).filter((line) => !isNameserver(line));
  return finish([`nameserver ${relay}`, ...rest]);
}

function reachable(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !/^\s*[#;]/.test(line) && !isLocalServer(line));
}

export function hasNameserver(text: string): boolean {
  return text.split('\n').some(isNameserver);
}

function isNameserver(line: string): boolean {
  return /^\s*nameserver\s/.test(line);
}

function isLocalServer(line: string): boolean {
  const server = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
  if (server === undefined) return false;
  return /^127\.|^::1$|^0\.0\.0\.0$|^::$|^::ffff:127\.|^fe[89ab][0-9a-f]:/i.test(server) || server.includes('%');
}

function finish(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
