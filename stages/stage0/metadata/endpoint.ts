import { findFreePort } from '../../linux/inet.ts';
import { inetAddress } from '../../linux/inet-address.ts';
import type { Bindings } from '../../tape/bindings.ts';
import { hostKey, randomBytes } from './host-key.ts';
import { METADATA_SYMBOLS } from './plan-metadata.ts';

/** rkt's; in a network namespace of the pod's own nothing else has it. */
const OWN_PORT = 18_112;
/** 192 bits, and a whole number of base64 digits. */
const TOKEN_BYTES = 24;

export interface MetadataEndpoint {
  /** For AC_METADATA_URL. */
  readonly url: string;
  readonly bindings: Bindings;
}

/** Where one pod's service will be, under which token, and the key it signs with. */
export function metadataEndpoint(root: string, uuid: string, networkMode: string): MetadataEndpoint {
  const isShared = networkMode === 'host' || networkMode === 'pod';
  const ip4 = isShared ? sharedLoopback(uuid) : Uint8Array.of(127, 0, 0, 1);
  const port = networkMode === 'host' ? findFreePort(ip4) : OWN_PORT;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const url = `http://${ip4.join('.')}:${port}/${token}`;
  const { address, token: tokenSymbol, key } = METADATA_SYMBOLS;
  return {
    url,
    bindings: {
      [address.name]: Buffer.concat(inetAddress(ip4, true, port)),
      [tokenSymbol.name]: token,
      [key.name]: hostKey(root),
      metadataUrl: url,
    },
  };
}

/**
 * On the host's own network, or on one with another pod, every pod has a loopback address to itself: between the choice of a free port and its use, another pod
 * cannot take it.
 */
function sharedLoopback(uuid: string): Uint8Array {
  const [a, b, c] = Buffer.from(uuid.slice(0, 6), 'hex');
  // Neither 127.0.x.x, which others use, nor the broadcast-like ends.
  return Uint8Array.of(127, 1 + (a! % 254), b!, 1 + (c! % 254));
}
