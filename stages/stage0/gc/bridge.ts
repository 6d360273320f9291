import { existsSync, rmSync } from 'node:fs';
import { PodError } from '../error.ts';
import { ADDRESS_KIND } from '../network/addresses.ts';
import type { NetworkEntry } from '../network/ledger.ts';
import type { BridgeConfig } from '../network/types.ts';
import * as claims from '../pod/claims.ts';
import { readLedger } from '../pod/ledger.ts';
import { PodStore } from '../pod/store.ts';

/** Removes the root's bridge with its firewall tables if no pod holds an address on it; its name if it did. */
export async function removeUnusedBridge(root: string): Promise<string | undefined> {
  const { removeBridge } = await import('../network/bridge.ts');
  const { config, isTorn } = await configOf(root);
  const isRemoved = removeBridge(claims, root, config);
  // What no pod is on needs no note that nobody can read; the next pod chooses anew.
  if (isTorn && !claims.hasClaims(root, ADDRESS_KIND)) rmSync(`${root}/network.json`, { force: true });
  return isRemoved ? config.bridge : undefined;
}

/** Removes or mends the root's bridge, as pods are on it or not. Its name if somebody else had removed some of it. */
export async function settleBridge(root: string): Promise<string | undefined> {
  const { isBridgeBroken } = await import('../network/bridge.ts');
  const { config } = await configOf(root);
  const isBroken = isBridgeBroken(root, config);
  await removeUnusedBridge(root);
  await mendUsedBridge(root);
  return isBroken ? config.bridge : undefined;
}

/** Makes anew what somebody else has removed of the root's bridge while pods are on it; its name if there was something. */
export async function mendUsedBridge(root: string): Promise<string | undefined> {
  if (!claims.hasClaims(root, ADDRESS_KIND)) return undefined;
  const { mendBridge } = await import('../network/bridge.ts');
  const { config, isTorn } = await configOf(root);
  if (isTorn) return undefined;
  return mendBridge(root, config, () => podsOnBridge(root)) ? config.bridge : undefined;
}

/** What the pods that run have noted of the network. */
export function podsOnBridge(root: string): NetworkEntry[] {
  const ledgers = new PodStore(root).list(['run']).flatMap(({ path }) => readLedger(path));
  return (ledgers as readonly unknown[] as readonly NetworkEntry[]).filter(
    ({ kind, bridge }) => kind === 'network' && bridge !== undefined,
  );
}

/** Without a readable note of it there may still be a bridge: the state directory's name says what it is called. */
async function configOf(root: string): Promise<{ config: BridgeConfig; isTorn: boolean }> {
  const { bridgeConfig, chooseBridge } = await import('../network/bridge-config.ts');
  const isNoted = existsSync(`${root}/network.json`);
  try {
    if (isNoted) return { config: bridgeConfig(root), isTorn: false };
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
  }
  // Its subnet is not asked for, and a host may have routes to all that there are.
  return { config: chooseBridge(root, { prefixes4: [], devices: [] }), isTorn: isNoted };
}
