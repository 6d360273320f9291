import { existsSync } from 'node:fs';
import * as claims from '../pod/claims.ts';

/** Removes the root's bridge with its firewall tables if no pod holds an address on it; its name if it did. */
export async function removeUnusedBridge(root: string): Promise<string | undefined> {
  // No pod of this root ever had one.
  if (!existsSync(`${root}/network.json`)) return undefined;
  const [{ removeBridge }, { bridgeConfig }] = await Promise.all([
    import('../network/bridge.ts'),
    import('../network/bridge-config.ts'),
  ]);
  const config = bridgeConfig(root);
  return removeBridge(claims, root, config) ? config.bridge : undefined;
}
