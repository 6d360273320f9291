import { existsSync } from 'node:fs';
import * as claims from '../pod/claims.ts';

/** Removes the root's bridge with its firewall tables if no pod holds an address on it; its name if it did. */
export async function removeUnusedBridge(root: string): Promise<string | undefined> {
  const [{ removeBridge }, { bridgeConfig, chooseBridge }, { readHostRoutes }] = await Promise.all([
    import('../network/bridge.ts'),
    import('../network/bridge-config.ts'),
    import('../network/host-routes.ts'),
  ]);
  // Without a note of it there may still be a bridge, of a state directory that was deleted by hand: its name says whose it was.
  const isNoted = existsSync(`${root}/network.json`);
  const config = isNoted ? bridgeConfig(root) : chooseBridge(root, readHostRoutes());
  return removeBridge(claims, root, config) ? config.bridge : undefined;
}
