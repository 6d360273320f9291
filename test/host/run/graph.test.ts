import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { MANIFESTS } from '../../harness/paths.ts';
import { pod } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

test('a running pod is drawn with its address and its processes, a manifest without', async () => {
  const manifest = join(MANIFESTS, 'web.pod.yaml');
  const planned = await pod(['graph', manifest, '-o', 'mermaid'], { root });
  assert.match(planned.stdout, /port 127\.0\.0\.1:8080\/tcp/, planned.stderr);
  const started = await pod(['run', '-d', manifest], { root });
  assert.equal(started.exitCode, 0, started.stderr);
  const { network, apps } = await statusOf(root, 'web');
  const drawn = await pod(['graph', 'web', '-o', 'mermaid'], { root });
  assert.ok(drawn.stdout.includes(network.ips[0]!), drawn.stdout + drawn.stderr);
  assert.ok(drawn.stdout.includes(`running, pid ${apps[0]!.pid}`));
  const wrong = await pod(['graph', 'nothing'], { root });
  assert.equal(wrong.exitCode, 1);
  assert.match(wrong.stderr, /pod\/not-found/);
});
