import { existsSync } from 'node:fs';
import { findInterface, type Interface } from '../../linux/netdevice.ts';
import type { BridgeConfig } from './types.ts';

/**
 * The marker means "complete": it is written last, and `removeBridge` removes it before it looks for claims. A pod that claimed too
 * late to be seen finds no marker, waits for the lock, and makes the bridge anew.
 */
export function markerPath(root: string): string {
  return `${root}/network.up`;
}

/** The bridge, if its network is complete. One that is down is not: with its switch, it lost its IPv6 address and its routes. */
export function findBridge(root: string, { bridge }: BridgeConfig): Interface | undefined {
  const found = existsSync(markerPath(root)) ? findInterface(bridge) : undefined;
  return found?.isUp ? found : undefined;
}
