import { existsSync } from 'node:fs';
import { findInterface, type Interface } from '../../linux/netdevice.ts';
import type { BridgeConfig } from './types.ts';

/**
 * The marker says "whole": it is written last, and `removeBridge` takes it away before it looks for claims. A pod that claimed
 * too late to be seen finds it gone, and waits for the lock to make the bridge anew.
 */
export function markerPath(root: string): string {
  return `${root}/network.up`;
}

/** The bridge, when all of it is there. */
export function findBridge(root: string, { bridge }: BridgeConfig): Interface | undefined {
  return existsSync(markerPath(root)) ? findInterface(bridge) : undefined;
}
