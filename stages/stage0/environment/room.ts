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

/** The addresses of one clone: this process's as long as it holds the lock, and its pods' as long as they live. */
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
   * The kernel takes its time to end the network of pods that were killed: from here on nobody hears them any more, and the others have
   * their addresses. Both at once, before it begins: until it is done, no link of the host can be changed.
   */
  passOn(before: readonly string[], after: readonly string[]): void {
    // Not by the marker: who looks whether a bridge is still needed takes that away for a moment.
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
      // Those that are gone already, or died before they came so far, which is told elsewhere; EOPNOTSUPP: were never connected.
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

/** The first free one, so that who runs one test after the other always sees the same addresses. */
export function takeRoom(root: string, kind: RoomKind): Room {
  const config = bridgeConfig(root);
  const rooms = roomsOf(kind);
  for (const number of rooms) {
    const lockFd = lockRoom(root, number);
    if (lockFd === undefined) continue;
    // Pods that were left up, or are about to go.
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

/** The room of pods that were left up; undefined when another process has it. */
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
