import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dir = mkdtempSync(join(tmpdir(), 'pod-state-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
let count = 0;

export interface AppText {
  readonly name?: string;
  readonly script: string;
}

/** A manifest without a network, of apps that are shell scripts on the host's own programs. */
export function manifest(name: string, ...apps: readonly (string | AppText)[]): string {
  const path = join(dir, `${name}-${count++}.pod.yaml`);
  const list = apps.map((app, index) => {
    const { name: appName = `app${index}`, script } = typeof app === 'string' ? { script: app } : app;
    return { name: appName, image: 'host', exec: ['/bin/sh', '-c', script], stop: { grace: '2s' } };
  });
  const text = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name, labels: { test: name } },
    network: { mode: 'none' },
    apps: list,
  };
  writeFileSync(path, JSON.stringify(text, null, 2));
  return path;
}

/** Runs until it is told to stop, then says so and exits 0. */
export const STOPPABLE = `trap 'echo stopped; exit 0' TERM; echo ready; while :; do sleep 100 & wait $!; done`;
