import { PodError } from '../error.ts';
import type { ClaimStore } from './claim-store.ts';
import { hash64 } from './hash.ts';
import { formatIp4, formatIp6, ip4FromNumber, ip4Number, macOf, parseIp4, parseIp6, parsePrefix4 } from './ip.ts';
import type { BridgeConfig, PodAddresses } from './types.ts';

/** Kind of the claims. IPv6 address and MAC are derived from the IPv4 address, so one claim covers all three. */
export const ADDRESS_KIND = 'ip4';

/**
 * Claims addresses for the pod. The search starts at a position derived from the uuid, so that pods are spread over the subnet and
 * an address is not reused right after its release.
 */
export function claimAddresses(claims: ClaimStore, root: string, config: BridgeConfig, uuid: string): PodAddresses {
  const ip4 = claims.claimFirstFree(root, ADDRESS_KIND, candidates(config, uuid), uuid);
  if (ip4 !== undefined) return addressesOf(config, ip4);
  throw new PodError('network/exhausted', `find an address for the pod: all of ${config.subnet4} are taken`, {
    hint: 'pod gc frees what dead pods still hold',
  });
}

export function releaseAddresses(claims: ClaimStore, root: string, addresses: PodAddresses, uuid: string): void {
  claims.release(root, ADDRESS_KIND, claimKey(addresses), uuid);
}

export function claimKey({ claim, ip4 }: PodAddresses): string {
  return claim ?? ip4;
}

/** Host number 0 is the network, 1 the gateway; the upper half is reserved for rooms. */
export function* candidates(config: BridgeConfig, uuid: string): Generator<string> {
  const { base, bits } = parsePrefix4(config.subnet4);
  const count = 2 ** (31 - bits) - 2;
  const start = Number(hash64(uuid) % BigInt(count));
  for (let i = 0; i < count; i++) yield formatIp4(ip4FromNumber(base + 2 + ((start + i) % count)));
}

/** The addresses that belong to an IPv4 address of the subnet: the same host number in the IPv6 prefix, and a MAC. */
export function addressesOf(config: BridgeConfig, ip4: string): PodAddresses {
  const bytes4 = parseIp4(ip4)!;
  const host = ip4Number(bytes4) - parsePrefix4(config.subnet4).base;
  const bytes6 = parseIp6(config.gateway6)!;
  bytes6.set(ip4FromNumber(host), 12);
  return { ip4, ip6: formatIp6(bytes6), mac: macOf(bytes4) };
}
