import { existsSync, rmSync } from 'node:fs';
import { PodError } from '../error.ts';
import { ADDRESS_KIND } from '../network/addresses.ts';
import type { BridgeConfig } from '../network/types.ts';
import * as claims from '../pod/claims.ts';

/** Removes the root's bridge with its firewall tables if no pod holds an address on it; its name if it did. */
export async function removeUnusedBridge(root: string): Promise<string | undefined> {
  const { removeBridge } = await import('../network/bridge.ts');
  const { config, isTorn } = await configOf(root);
  const isRemoved = removeBridge(claims, root, config);
  // What no pod is on needs no note that nobody can read; the next pod chooses anew.
  if (isTorn && !claims.hasClaims(root, ADDRESS_KIND)) rmSync(`${root}/network.json`, { force: true });
  return isRemoved ? config.bridge : undefined;
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
