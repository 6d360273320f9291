// CNI specification 1.0.0, section 5: result types

import { parseIp4, parseIp6 } from '../ip.ts';
import { isObject } from './config.ts';

export interface NetworkResult {
  /** Without prefix lengths, in the order of the result. */
  readonly ip4: readonly string[];
  readonly ip6: readonly string[];
  /** A resolv.conf; undefined when the network names no name server. */
  readonly resolvConf?: string;
}

/** What the pod's files need of the last plugin's result. Addresses of links on the host are not the pod's. */
export function readResult(result: Readonly<Record<string, unknown>>): NetworkResult {
  const interfaces = listOf(result['interfaces']);
  const addresses = listOf(result['ips']).flatMap((ip) => {
    const { address, interface: index } = ip;
    const link = typeof index === 'number' ? interfaces[index] : undefined;
    const isInPod = link === undefined || (typeof link['sandbox'] === 'string' && link['sandbox'] !== '');
    return isInPod && typeof address === 'string' ? [address.split('/')[0]!] : [];
  });
  const conf = resolvConfOf(result['dns']);
  return {
    ip4: addresses.filter((address) => parseIp4(address) !== undefined),
    ip6: addresses.filter((address) => parseIp6(address) !== undefined),
    ...(conf === undefined ? {} : { resolvConf: conf }),
  };
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function resolvConfOf(dns: unknown): string | undefined {
  if (!isObject(dns)) return undefined;
  const words = (member: string): string[] =>
    (Array.isArray(dns[member]) ? dns[member] : []).filter(
      (word): word is string => typeof word === 'string' && /^\S+$/.test(word),
    );
  const servers = words('nameservers');
  if (servers.length === 0) return undefined;
  const domain = typeof dns['domain'] === 'string' && /^\S+$/.test(dns['domain']) ? [`domain ${dns['domain']}`] : [];
  const lists = ['search', 'options'].flatMap((member) =>
    words(member).length > 0 ? [`${member} ${words(member).join(' ')}`] : [],
  );
  return [...domain, ...servers.map((server) => `nameserver ${server}`), ...lists].map((line) => `${line}\n`).join('');
}
