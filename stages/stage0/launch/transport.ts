import { signalTransport } from '../../stage1/signal-transport.ts';
import type { OpenTransport } from '../../stage1/transport.ts';

/**
 * How to listen to stage1: by a signal when the process belongs to the command line, otherwise in a way that the host program does
 * not notice.
 */
export async function transportFor({ ownsProcess }: { readonly ownsProcess?: boolean }): Promise<OpenTransport> {
  if (ownsProcess) return signalTransport;
  return (await import('../../stage1/socket-transport.ts')).socketTransport;
}
