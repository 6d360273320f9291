import { PodError, tryAll } from '../error.ts';
import { BYTES_PATTERN, parseBytes } from '../manifest/quantity.ts';
import { IN_THE_POD } from './fixed.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

export interface NetworkBandwidthValue {
  readonly limit: string | number;
  readonly default?: true;
}

/** Below it not even a connection would be made in the usual time. */
const MIN_BYTES = 1000n;
const MAX_BYTES = BigInt(Number.MAX_SAFE_INTEGER);

function lower({ limit }: NetworkBandwidthValue, draft: Draft, context: IsolatorContext): void {
  const at = context.atOf('/limit');
  tryAll(
    () => (draft.bandwidth = { bytesPerSecond: readLimit(limit, at), at }),
    () => requireLink(context),
  );
}

function readLimit(limit: string | number, at: IsolatorContext['at']): number {
  const bytes = parseBytes(limit, at);
  if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return Number(bytes);
  throw new PodError('manifest/schema', `limit the network to "${limit}": not from "1k" to "9P" bytes a second`, {
    at,
  });
}

function requireLink(context: IsolatorContext): void {
  if (!context.hasOwnLink && context.host.caller) {
    throw new PodError(
      'host/privilege',
      'limit the network bandwidth: the pod of a normal user has no link on the host',
      {
        at: context.at,
        hint: 'run the pod as root',
      },
    );
  }
  if (!context.hasOwnLink) {
    throw new PodError('manifest/schema', 'limit the network bandwidth: the pod has no link that pod made', {
      at: context.at,
      hint: 'only "network: {mode: bridge}" gives it one; a CNI network can have the plugin "bandwidth"',
    });
  }
}

export const NETWORK_BANDWIDTH: Isolator<NetworkBandwidthValue> = {
  name: 'resource/network-bandwidth',
  example: { limit: '100M' },
  scopes: ['pod'],
  schema: {
    type: 'object',
    description:
      'Bytes a second that the pod may send, and the same number that it may receive, over its link. All its apps share the limit. Traffic between its apps over the loopback is not limited.',
    additionalProperties: false,
    required: ['limit'],
    properties: {
      limit: { type: ['string', 'integer'], pattern: BYTES_PATTERN, description: 'Bytes a second: "1M", "512Ki".' },
      default: { const: true, description: 'Written by the tools of appc; ignored.' },
    },
  },
  lower,
  readBack: ({ link }) => {
    const rates = link?.();
    return rates && { sendBytesPerSecond: rates.send ?? 'max', receiveBytesPerSecond: rates.receive ?? 'max' };
  },
  fixed: IN_THE_POD,
};
