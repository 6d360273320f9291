import type { ClaimStore } from './claim-store.ts';
import { ADDRESS_KIND, addressesOf } from './addresses.ts';
import { SUBNET4_BITS } from './bridge-config.ts';
import { formatIp4, ip4FromNumber, type Prefix4, parsePrefix4 } from './ip.ts';
import type { BridgeConfig, PodAddresses } from './types.ts';

/**
 * The upper half of a bridge's subnet is divided into rooms of 16 addresses, each for the pods of one test environment. Inside a
 * room a pod always has the same place, whatever happened to earlier pods there: the holder of the room assigns the places.
 */
export const ROOM_BITS = 28;
const ROOM_SIZE = 2 ** (32 - ROOM_BITS);
const FIRST = 2 ** (31 - SUBNET4_BITS);
const ROOMS = FIRST / ROOM_SIZE;
/** Excludes the first address and the last, which in the last room is the subnet's broadcast address. */
export const PLACES: number = ROOM_SIZE - 2;

/** A pod of a closed room reaches only the other pods in it. */
export type RoomKind = 'open' | 'closed';

export interface RoomPlace {
  readonly kind: RoomKind;
  readonly room: number;
  /** From 0 to `PLACES` - 1. */
  readonly place: number;
}

/** Numbers of the rooms of a kind: closed rooms come first, so that one rule covers them all. */
export function roomsOf(kind: RoomKind): number[] {
  return Array.from({ length: ROOMS / 2 }, (_, number) => (kind === 'closed' ? number : ROOMS / 2 + number));
}

export function closedRooms({ subnet4 }: BridgeConfig): Prefix4 {
  return { base: roomBase(subnet4, 0), bits: SUBNET4_BITS + 2 };
}

export function placeAddress({ subnet4 }: BridgeConfig, { room, place }: Omit<RoomPlace, 'kind'>): string {
  return formatIp4(ip4FromNumber(roomBase(subnet4, room) + 1 + place));
}

function roomBase(subnet4: string, room: number): number {
  return parsePrefix4(subnet4).base + FIRST + room * ROOM_SIZE;
}

/** Claims the address of the place for the pod; the place's previous pod may still be releasing it. */
export function claimPlace(
  claims: ClaimStore,
  root: string,
  config: BridgeConfig,
  place: RoomPlace,
  uuid: string,
): PodAddresses {
  const addresses = addressesOf(config, placeAddress(config, place));
  const claim = `${addresses.ip4}+${uuid}`;
  if (!claims.claim(root, ADDRESS_KIND, claim, uuid)) throw new Error(`"${claim}" is claimed already`);
  const room = formatIp4(ip4FromNumber(roomBase(config.subnet4, place.room)));
  return { ...addresses, claim, ...(place.kind === 'closed' ? { room } : {}) };
}

/** Whether no address of the room is claimed. */
export function isRoomFree(keys: readonly string[], config: BridgeConfig, room: number): boolean {
  const places = new Set(Array.from({ length: PLACES }, (_, place) => placeAddress(config, { room, place })));
  return !keys.some((key) => places.has(key.split('+')[0]!));
}
