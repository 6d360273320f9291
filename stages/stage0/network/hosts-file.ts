/** The pod's /etc/hosts. Without addresses of its own, the pod's name resolves to the loopback. */
export function hostsFile(hostname: string, addresses?: { readonly ip4: string; readonly ip6?: string }): string {
  const lines = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback'];
  if (addresses) lines.push(`${addresses.ip4} ${hostname}`);
  if (addresses?.ip6 !== undefined) lines.push(`${addresses.ip6} ${hostname}`);
  if (!addresses) lines.push(`127.0.0.1 ${hostname}`, `::1 ${hostname}`);
  return lines.map((line) => `${line}\n`).join('');
}
