import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { cliEnvironment, commandLine } from '../../harness/pod-cli.ts';
import { LayoutRegistry } from '../../harness/registry.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, writeLayout } from '../image/workspace.ts';
import { USER } from './normal-user.ts';

const LAYER = archive({ path: 'large', content: 'x'.repeat(1_000_000) });
const dir = mkdtempSync('/var/tmp/pod-interrupted-');
after(() => rmSync(dir, { recursive: true }));
writeLayout(join(dir, 'layout'), { layers: [LAYER] });

/** Serves an image whose layer never comes to its end. `begun`: some of it is there. */
async function serve(): Promise<{ registry: LayoutRegistry; begun: Promise<void> }> {
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const registry = await LayoutRegistry.start(join(dir, 'layout'), {
    trick: ({ url = '' }, response) => {
      if (!url.endsWith(digestOf(LAYER))) return false;
      response.setHeader('content-length', LAYER.length);
      response.write(LAYER.subarray(0, 500_000), () => begin());
      return true;
    },
  });
  return { registry, begun };
}

const users = { root: {}, 'a normal user': { uid: USER, user: USER } };
for (const [who, owner] of Object.entries(users)) {
  const root = useTempRoot(owner);
  const ids = 'uid' in owner ? { uid: owner.uid, gid: owner.uid } : {};
  for (const verb of ['fetch', 'run'] as const) {
    test(`${who} who interrupts ${verb} while an image is fetched waits for nothing, and nothing is left`, async () => {
      const { registry, begun } = await serve();
      await using _registry = registry;
      const apps = [{ name: 'a', image: registry.ref, exec: ['/true'] }];
      const manifest = {
        apiVersion: 'pod/v1',
        kind: 'Pod',
        metadata: { name: 'never' },
        network: { mode: 'none' },
        apps,
      };
      const args = verb === 'fetch' ? ['fetch', registry.ref] : ['run', '-'];
      const child = spawn(process.execPath, commandLine(args, root), {
        env: cliEnvironment(),
        stdio: ['pipe', 'ignore', 'ignore'],
        ...ids,
      });
      child.stdin.end(JSON.stringify(manifest));
      await begun;
      const startedMs = Date.now();
      child.kill('SIGINT');
      assert.deepEqual(await once(child, 'exit'), [130, null]);
      assert.ok(Date.now() - startedMs < 10_000);
      for (const name of ['tmp', 'locks', 'refs', 'layers']) {
        const path = join(root, 'images', name);
        assert.deepEqual(existsSync(path) ? readdirSync(path) : [], [], name);
      }
    });
  }
}
