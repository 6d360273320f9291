// netlink(7), cgroups(7)

import { mkdirSync, rmdirSync } from 'node:fs';
import { release } from 'node:os';
import { hasCapability } from '../../../linux/capabilities.ts';
import { errnoName } from '../../../linux/errno.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE } from '../../../linux/netlink.ts';
import { NetlinkSocket } from '../../../linux/netlink-socket.ts';
import { tryInNewNamespace } from '../../../linux/new-namespace.ts';
import { batch, newTable, NFPROTO_INET } from '../../../linux/nftables.ts';
import { newBridge } from '../../../linux/rtnetlink.ts';
import { requireSeccompAction } from '../../../linux/seccomp-action.ts';
import { SECCOMP_RET_KILL_PROCESS } from '../../../linux/seccomp.ts';
import { readResolvConf } from '../../launch/acquire-network.ts';
import { hasNameserver } from '../../network/resolv-conf.ts';
import { readHostFacts } from '../../plan/read-facts.ts';
import { type Check, type Finding, tryIt } from './check.ts';
import { checkCniNetworks } from './cni.ts';
import { checkFirewalls } from './firewalls.ts';

export const KERNEL_CHECKS: readonly Check[] = [
  { name: 'privileges', run: checkPrivileges },
  { name: 'cgroups', run: checkCgroups },
  { name: 'system call filter', run: checkSeccomp },
  { name: 'bridge', run: () => inNetns('a bridge in a network namespace', tryBridge) },
  { name: 'nftables', run: () => inNetns('a table in a network namespace', tryTable) },
  { name: 'other firewalls', run: checkFirewalls },
  { name: 'name servers', run: checkNameServers },
  { name: 'CNI networks', run: checkCniNetworks },
];

function checkPrivileges(): Finding {
  const { effectiveCapabilities: has, euid } = readHostFacts();
  if (!hasCapability(has, 'CAP_SYS_ADMIN') || !hasCapability(has, 'CAP_NET_ADMIN')) {
    return { status: 'missing', detail: `uid ${euid} without CAP_SYS_ADMIN or CAP_NET_ADMIN`, remedy: 'run as root' };
  }
  if (hasCapability(has, 'CAP_SYS_RESOURCE')) return { status: 'OK', detail: `uid ${euid} on Linux ${release()}` };
  return {
    status: 'limited',
    detail: 'no CAP_SYS_RESOURCE',
    remedy: 'pod lowers resource limits to its own hard limits',
  };
}

/** Each hierarchy must take a directory of ours. */
function checkCgroups(): Finding {
  const { mode, hierarchies } = readHostFacts().cgroup;
  const failed = hierarchies.flatMap(({ mountPoint }) => {
    const path = `${mountPoint}/pod-doctor-${process.pid}`;
    const finding = tryIt('', '', () => {
      mkdirSync(path);
      rmdirSync(path);
    });
    return finding.status === 'OK' ? [] : [finding.detail];
  });
  if (failed.length > 0)
    return {
      status: 'missing',
      detail: failed.join('; '),
      remedy: 'run as root, with the cgroup file systems mounted read-write',
    };
  const there = new Set(hierarchies.flatMap(({ controllers }) => controllers));
  const wanted = ['cpu', 'memory', 'pids'];
  const absent = wanted.filter((controller) => !there.has(controller));
  if (absent.length === 0) return { status: 'OK', detail: `${mode}: ${[...there].toSorted().join(', ')}` };
  return {
    status: 'limited',
    detail: `${mode}, without ${absent.join(', ')}`,
    remedy: 'boot with cgroup_no_v1=all, or mount the missing controllers',
  };
}

function checkSeccomp(): Finding {
  return tryIt('filters that kill the process', 'use a kernel built with CONFIG_SECCOMP_FILTER', () => {
    requireSeccompAction(SECCOMP_RET_KILL_PROCESS);
  });
}

/** In a network namespace of its own, so that the host's is not touched; it goes when we leave it. */
function inNetns(detail: string, trial: () => void): Finding {
  let finding: Finding | undefined;
  const result = tryInNewNamespace('net', () => {
    finding = tryIt(
      detail,
      'load the kernel module (modprobe bridge, modprobe nf_tables), or write "network: {mode: host}"',
      trial,
    );
  });
  return finding ?? { status: 'missing', detail: `no network namespace: ${errnoName(-result)}`, remedy: 'run as root' };
}

function tryBridge(): void {
  using socket = new NetlinkSocket(NETLINK_ROUTE);
  socket.request([newBridge({ name: 'pod-doctor', mac: Uint8Array.of(2, 0, 0, 0, 0, 1), mtu: 1500 })]);
}

function tryTable(): void {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  socket.request(batch([newTable({ family: NFPROTO_INET, table: 'pod-doctor' })]));
}

function checkNameServers(): Finding {
  if (hasNameserver(readResolvConf())) return { status: 'OK', detail: 'pods can reach one of the host' };
  return {
    status: 'limited',
    detail: '/etc/resolv.conf has none, or only ones on the loopback or a single link, which pods cannot reach',
    remedy: 'names are not resolved in pods: let /etc/resolv.conf have a nameserver that other hosts can reach, too',
  };
}
