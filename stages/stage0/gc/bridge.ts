import { existsSync, rmSync } from 'node:fs';
import { PodError } from '../error.ts';
import { ADDRESS_KIND } from '../network/addresses.ts';
import { isNetworkEntry, type NetworkEntry } from '../network/ledger.ts';
import type { BridgeConfig } from '../network/types.ts';
import * as claims from '../pod/claims.ts';
import { readLedger } from '../pod/ledger.ts';
import { PodStore } from '../pod/store.ts';

/** Removes the root's bridge and its firewall tables if no pod holds an address on it. Returns its name if it did. */
export async function removeUnusedBridge(root: string): Promise<string | undefined> {
  const { removeBridge } = await import('../network/bridge.ts');
  const { config, isTorn } = await configOf(root);
  const isRemoved = removeBridge(claims, root, config);
  // A damaged note is of no use when no pod is on the bridge; the next pod makes a new choice.
  if (isTorn && !claims.hasClaims(root, ADDRESS_KIND)) rmSync(`${root}/network.json`, { force: true });
  return isRemoved ? config.bridge : undefined;
}

/**
 * Removes the root's bridge if no pod is on it, and repairs it otherwise. Returns its name if part of it had been removed by
 * someone else.
 */
export async function settleBridge(root: string): Promise<string | undefined> {
  const { isBridgeBroken } = await import('../network/bridge.ts');
  const { config } = await configOf(root);
  const isBroken = isBridgeBroken(root, config);
  await removeUnusedBridge(root);
  await mendUsedBridge(root);
  return isBroken ? config.bridge : undefined;
}

/** Makes parts of the root's bridge anew that were removed while pods are on it. Returns its name if there were any. */
export async function mendUsedBridge(root: string): Promise<string | undefined> {
  if (!claims.hasClaims(root, ADDRESS_KIND)) return undefined;
  const { mendBridge } = await import('../network/bridge.ts');
  const { config, isTorn } = await configOf(root);
  if (isTorn) return undefined;
  return mendBridge(root, config, () => podsOnBridge(root)) ? config.bridge : undefined;
}

/** The network entries in the ledgers of running pods. */
export function podsOnBridge(root: string): NetworkEntry[] {
  return new PodStore(root).list(['run']).flatMap(({ path, uuid }) =>
    readLedger(path)
      .filter(({ kind }) => kind === 'network')
      .filter((entry) => isNetworkEntry(entry, uuid))
      .filter(({ bridge }) => bridge !== undefined),
  );
}

/** Without a readable note there may still be a bridge: its name is derived from the state directory's. */
async function configOf(root: string): Promise<{ config: BridgeConfig; isTorn: boolean }> {
  const { bridgeConfig, chooseBridge } = await import('../network/bridge-config.ts');
  const isNoted = existsSync(`${root}/network.json`);
  try {
    if (isNoted) return { config: bridgeConfig(root), isTorn: false };
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
  }
  // The subnet is not used here, and on a host with routes to all subnets the choice would fail.
  return { config: chooseBridge(root, { prefixes4: [], devices: [] }), isTorn: isNoted };
}
