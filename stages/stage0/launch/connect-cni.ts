import { writeFileSync } from 'node:fs';
import { isInSubnet } from '../../linux/subnet.ts';
import { encodeMessage } from '../../stage1/message.ts';
import type { Monitor } from '../../stage1/monitor.ts';
import { isKernelError, PodError, type Position } from '../error.ts';
import { addToNetwork } from '../network/cni/chain.ts';
import { lockNetwork } from '../network/cni/lock.ts';
import { pinNamespace } from '../network/cni/netns.ts';
import { type NetworkResult, readResult } from '../network/cni/result.ts';
import type { CniState } from '../network/cni/state.ts';
import { readConfig } from '../network/bridge-config.ts';
import { hostsFile } from '../network/hosts-file.ts';
import { replaceFile } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { readRecord, replaceRecord } from '../pod/record.ts';
import { readResolvConf } from './acquire-network.ts';
import type { AcquiredCni } from './acquire-network.ts';

export interface Connecting {
  readonly root: string;
  readonly podDir: string;
  readonly hostname: string;
  /** Of init, which waits. */
  readonly initPid: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Puts the pod on its CNI network while the monitor waits, writes down its addresses, and lets the monitor continue. When it throws, the
 * monitor ends; whoever removes the pod takes it off the network.
 */
export async function connectCni(
  { state, at, ips }: AcquiredCni,
  { channel }: Pick<Monitor, 'channel'>,
  pod: Connecting,
): Promise<void> {
  try {
    const result = await connect(state, at, pod);
    ips.push(...result.ip4, ...result.ip6);
    writeFiles(result, ips, pod);
  } catch (error) {
    channel.close();
    throw error;
  }
  // A monitor that was killed meanwhile is what the start reports then.
  if (!channel.hasEnded) channel.send(encodeMessage({ type: 'entered' }));
}

async function connect(
  state: CniState,
  at: Position,
  { root, podDir, initPid, signal }: Connecting,
): Promise<NetworkResult> {
  const file = `${podDir}/${POD_FILES.cni}`;
  using lock = await lockNetwork(`${podDir}/${POD_FILES.cniLock}`);
  replaceFile(file, JSON.stringify(state));
  pin(state, initPid, at);
  const result = await addToNetwork(state, { lockFd: lock.number, signal, at });
  replaceFile(file, JSON.stringify({ ...state, result }));
  const read = readResult(result);
  refuseOverlap(root, state, read, at);
  return read;
}

function pin({ netns }: CniState, initPid: number, at: Position): void {
  try {
    pinNamespace(netns, initPid);
  } catch (error) {
    if (!isKernelError(error)) throw error;
    throw new PodError('network/failed', `mount the pod's network namespace on ${netns}: ${error.message}`, { at });
  }
}

/** With one network in two places, the host would send the packets of one to the other. */
function refuseOverlap(root: string, { network }: CniState, { ip4, ip6 }: NetworkResult, at: Position): void {
  const bridge = readConfig(root);
  if (!bridge) return;
  for (const subnet of [bridge.subnet4, bridge.subnet6]) {
    const address = [...ip4, ...ip6].find((ip) => isInSubnet(ip, subnet));
    if (address === undefined) continue;
    throw new PodError(
      'network/plugin',
      `put the pod on CNI network "${network.name}": its address ${address} is one of the bridge network of this state directory, ${subnet}`,
      { at, hint: `give the network another subnet in ${network.file}` },
    );
  }
}

/** The tape copies the first two into the apps' /etc. */
function writeFiles(
  { ip4: [ip4], ip6: [ip6], resolvConf }: NetworkResult,
  ips: readonly string[],
  pod: Connecting,
): void {
  const { podDir, hostname } = pod;
  const mode = { mode: 0o600 };
  writeFileSync(`${podDir}/${POD_FILES.hosts}`, hostsFile(hostname, { ip4, ip6 }), mode);
  writeFileSync(`${podDir}/${POD_FILES.resolvConf}`, resolvConf ?? readResolvConf(), mode);
  const record = readRecord(podDir);
  if (record) replaceRecord(podDir, { ...record, network: { ...record.network, ips } });
}
