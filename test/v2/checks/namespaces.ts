import assert from 'node:assert/strict';
import type { Check } from '../checks.ts';
import { shell, toEnd } from './pods.ts';

/** Hostname, and the loopback's name in the sysfs of the network that is seen. */
async function sharesAnother(root: string): Promise<void> {
  const first = await shell(root, 'exec sleep 1000', {}, { metadata: { name: 'first' } });
  try {
    const joined = {
      metadata: { name: 'second' },
      network: { mode: 'pod:first' },
      isolators: { 'os/linux/namespaces': { ipc: 'pod:first', uts: 'pod:first' } },
    };
    const script = 'uname -n; ls /sys/class/net; ls -d /dev/mqueue';
    await toEnd(shell(root, script, {}, joined), ({ output }) => assert.equal(output, 'first\nlo\n/dev/mqueue'));
  } finally {
    await first.stop({ graceMs: 0 });
    await first.remove();
  }
}

export const NAMESPACE_CHECKS: readonly Check[] = [
  { name: 'a pod is born in namespaces of another', run: sharesAnother },
];
