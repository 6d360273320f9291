// proc_pid_net(5)

import { readFileSync } from 'node:fs';

const LISTEN = '0A';
/**
 * 127.0.0.0/8, as IPv4 and as IPv4-mapped IPv6, and ::1. The tables print each 32-bit word in host byte order; all supported
 * machines are little-endian.
 */
const LOOPBACK = /^(0{16}FFFF0000)?[0-9A-F]{6}7F$|^0{24}01000000$/;

/** `open`: reachable from outside; `loopback`: only from inside the pod. */
export type PortState = 'open' | 'loopback' | 'closed';

/** The state of a TCP port in the network namespace of a process; `closed` when the process is gone. */
export function readPort(pid: number, port: number): PortState {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const addresses = ['tcp', 'tcp6'].flatMap((table) => listeners(`/proc/${pid}/net/${table}`, wanted));
  if (addresses.some((address) => !LOOPBACK.test(address))) return 'open';
  return addresses.length > 0 ? 'loopback' : 'closed';
}

function listeners(path: string, port: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A kernel without IPv6 has no tcp6 table.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/, 4);
    const [address = '', number] = local.split(':');
    return state === LISTEN && number === port ? [address] : [];
  });
}
