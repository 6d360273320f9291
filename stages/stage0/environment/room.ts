import { closeSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { ERRNO } from '../../linux/errno.ts';
import { NETLINK_ROUTE, u32 } from '../../linux/netlink.ts';
import { findInterface } from '../../linux/netdevice.ts';
import { NetlinkError, NetlinkSocket } from '../../linux/netlink-socket.ts';
import { disconnectPort, joinBridge } from '../../linux/rtnetlink.ts';
import { PodError } from '../error.ts';
import { ADDRESS_KIND } from '../network/addresses.ts';
import { bridgeConfig } from '../network/bridge-config.ts';
import { isRoomFree, placeAddress, type RoomKind, roomsOf } from '../network/rooms.ts';
import { vethName } from '../network/symbols.ts';
import type { BridgeConfig } from '../network/types.ts';
import { listKeys } from '../pod/claims.ts';
import { tryLockDir } from '../pod/lock.ts';

/** The address range of one clone. It belongs to this process while it holds the lock, and to its pods while they live. */
export class Room implements Disposable {
  readonly number: number;
  readonly #config: BridgeConfig;
  readonly #lockFd: number;
  #isOpen = true;

  constructor(number: number, config: BridgeConfig, lockFd: number) {
    this.number = number;
    this.#config = config;
    this.#lockFd = lockFd;
  }

  addressOf(place: number): string {
    return placeAddress(this.#config, { room: this.number, place });
  }

  /**
   * Disconnects the pods in `before` from the bridge and connects those in `after`, which have the same addresses. The kernel takes
   * some time to tear down the network of killed pods, and no link of the host can be changed during the teardown. So both steps
   * happen at once, before the teardown begins.
   */
  passOn(before: readonly string[], after: readonly string[]): void {
    // Do not look for the marker: a check whether a bridge is still needed removes the marker for a moment.
    const bridge = findInterface(this.#config.bridge);
    if (!bridge && after.length === 0) return;
    if (!bridge)
      throw new PodError('network/failed', `connect the pods to bridge "${this.#config.bridge}": it is gone`);
    using socket = new NetlinkSocket(NETLINK_ROUTE);
    const disconnects = before.map((uuid) => disconnectPort(vethName(uuid)));
    const joins = after.map((uuid) => joinBridge(vethName(uuid), u32(bridge.index)));
    const messages = [...disconnects, ...joins];
    socket.outcomes(messages).forEach((outcome, index) => {
      const errno = outcome?.errno ?? 0;
      // Ignore pods that are gone or died early, which is reported elsewhere. EOPNOTSUPP on a disconnect: the pod was never
      // connected.
      const isNews = errno !== 0 && errno !== ERRNO.ENODEV && errno !== ERRNO.ENETDOWN;
      if (!isNews || (errno === ERRNO.EOPNOTSUPP && index < disconnects.length)) return;
      throw new NetlinkError(messages[index]!.what, errno, index, outcome?.text);
    });
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) closeSync(this.#lockFd);
    this.#isOpen = false;
  }
}

/** Takes the first free room, so that tests that run one after another always get the same addresses. */
export function takeRoom(root: string, kind: RoomKind): Room {
  const config = bridgeConfig(root);
  const rooms = roomsOf(kind);
  for (const number of rooms) {
    const lockFd = lockRoom(root, number);
    if (lockFd === undefined) continue;
    // A room may still have pods that were left up or are about to end.
    if (isRoomFree(listKeys(root, ADDRESS_KIND), config, number)) return new Room(number, config, lockFd);
    closeSync(lockFd);
  }
  throw new PodError(
    'network/exhausted',
    `find addresses for the clone: all ${rooms.length} rooms of ${config.subnet4} are taken`,
    {
      hint: 'dispose of clones that are not needed any more; pod ps shows what was left up',
    },
  );
}

/** The room of pods that were left up; undefined when another process holds it. */
export function retakeRoom(root: string, number: number): Room | undefined {
  const lockFd = lockRoom(root, number);
  return lockFd === undefined ? undefined : new Room(number, bridgeConfig(root), lockFd);
}

export function roomPath(root: string, number: number): string {
  return `${root}/rooms/${number}`;
}

function lockRoom(root: string, number: number): number | undefined {
  const path = roomPath(root, number);
  makeDirectories(path, 0o700);
  return tryLockDir(path);
}
