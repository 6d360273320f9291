interface Addresses {
  readonly ip4?: string | undefined;
  readonly ip6?: string | undefined;
}

/** The pod's /etc/hosts. Without addresses of its own, the pod's name resolves to the loopback. */
export function hostsFile(hostname: string, addresses: Addresses = {}): string {
  const lines = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback'];
  const { ip4, ip6 } = addresses;
  if (ip4 !== undefined) lines.push(`${ip4} ${hostname}`);
  if (ip6 !== undefined) lines.push(`${ip6} ${hostname}`);
  if (ip4 === undefined && ip6 === undefined) lines.push(`127.0.0.1 ${hostname}`, `::1 ${hostname}`);
  return lines.map((line) => `${line}\n`).join('');
}
