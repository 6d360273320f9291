import { rmSync } from 'node:fs';
import { umociUnpacker } from '../peers/umoci.mjs';

/** 218 MB unpacked, two layers. */
const IMAGE = 'postgres';

/** A Debian image from its layout or archive into an empty store. */
export const unpack = {
  name: 'unpack an image of 218 MB',
  rounds: 20,
  subjects: {
    'into the store': async (context) => {
      const { resolveImage } = await import('../ours/image.mjs');
      return storeUnpacker(context.workspace, await resolveImage());
    },
    'umoci unpack': async (context) => umociUnpacker(context.workspace, IMAGE),
    'podman load': async (context) => context.podman().loader(IMAGE),
  },
  bars: [
    { subject: 'into the store', peer: 'umoci unpack', times: 0.7 },
    { subject: 'into the store', peer: 'podman load', times: 0.7 },
  ],
};

function storeUnpacker(workspace, resolveImage) {
  const storeDir = workspace.path('store');
  return async () => {
    rmSync(storeDir, { recursive: true, force: true });
    const startMs = performance.now();
    await resolveImage(`oci:${workspace.image(IMAGE)}`, { storeDir, baseDir: workspace.dir });
    return performance.now() - startMs;
  };
}
