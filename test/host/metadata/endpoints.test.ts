import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../../stages/stage0/index.ts';
import { assertImageManifest, assertPodManifest } from '../../harness/appc-rules.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { ask, get, parts, startServed } from './served-pod.ts';

const root = useTempRoot();

/** A whole answer, byte for byte. */
function answer(type: string, body: string): string {
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`;
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=us-ascii';
const ANNOTATIONS = { 'ip-address': '10.1.2.3' };

function start(name: string, mode: string, more: object = {}): Promise<Pod> {
  const metadata = { name, annotations: ANNOTATIONS };
  return startServed(root, name, { metadata, network: { mode }, ...more }, { annotations: { tier: 'front' } });
}

for (const mode of ['none', 'bridge', 'host']) {
  test(`every endpoint answers as the specification says, with network ${mode}`, async () => {
    await using pod = await start(`endpoints-${mode}`, mode);
    const paths = ['pod/annotations', 'pod/uuid', 'apps/main/annotations', 'pod/manifest'];
    const image = ['apps/main/image/manifest', 'apps/main/image/id'];
    const answers = await ask(pod, [...paths, ...image].map(get));
    const [annotations, uuid, ofApp, manifest, imageManifest, id] = answers;
    assert.equal(annotations?.text, answer(JSON_TYPE, '[{"name":"ip-address","value":"10.1.2.3"}]'));
    assert.equal(uuid?.text, answer(TEXT_TYPE, pod.uuid));
    assert.equal(ofApp?.text, answer(JSON_TYPE, '[{"name":"tier","value":"front"}]'));
    const { body } = parts(manifest);
    assert.equal(manifest?.text, answer(JSON_TYPE, body));
    assertPodManifest(JSON.parse(body));
    assert.equal(imageManifest?.text, answer(JSON_TYPE, parts(imageManifest).body));
    assertImageManifest(JSON.parse(parts(imageManifest).body));
    const known = (JSON.parse(body) as { apps: { image: { id: string } }[] }).apps[0]!.image.id;
    assert.equal(id?.text, answer(TEXT_TYPE, known));
  });
}

test('a pod that a program starts, curl asks and that has no user namespace is served too', async () => {
  const script = 'curl -sS -D - "$AC_METADATA_URL/acMetadata/v1/apps/$AC_APP_NAME/annotations"';
  const app = { name: 'main', image: 'host', exec: ['/bin/sh', '-c', script] };
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'curl' }, userns: 'host', apps: [app] };
  const input = JSON.stringify({ ...manifest, metadataService: true, network: { mode: 'none' } });
  assert.equal(await podOk(['run', '--rm', '-'], { root, input }), answer(JSON_TYPE, 'null'));
});

const LIMIT_MS = 20;
const MAX_ROUNDS = 50;

test('each of twenty answers comes within 20 ms', async () => {
  await using pod = await start('latency', 'none');
  const slowest = async (): Promise<number> => {
    const answers = await ask(
      pod,
      Array.from({ length: 20 }, () => get('pod/manifest')),
    );
    assert.ok(answers.every((one) => parts(one).status === 200));
    return Math.max(...answers.map(({ ms }) => ms));
  };
  // Others use this machine too: what counts is that there is a round in which nobody was in the way.
  const rounds: number[] = [];
  while (rounds.length < MAX_ROUNDS && !(Math.min(...rounds) < LIMIT_MS)) rounds.push(await slowest());
  assert.ok(Math.min(...rounds) < LIMIT_MS, `${rounds.join(', ')} ms`);
});

test('methods and paths that are not there', async () => {
  await using pod = await start('methods', 'none');
  const request = (line: string): string => `${line} HTTP/1.1\r\nHost: pod\r\n\r\n`;
  const answers = await ask(pod, [
    request('HEAD $URL/acMetadata/v1/pod/uuid'),
    request('DELETE $URL/acMetadata/v1/pod/uuid'),
    request('GET $URL/acMetadata/v1/pod/hmac/sign'),
    request('HEAD $URL/acMetadata/v1/none'),
    request('GET /acMetadata/v1/pod/uuid'),
    request(`GET /${'A'.repeat(32)}/acMetadata/v1/pod/uuid`),
    request('GET http://example.com$URL/acMetadata/v1/pod/uuid?a=b'),
    request('GET $URL/acMetadata/v1/pod/uuid/'),
  ]);
  assert.equal(answers[0]?.text, answer(TEXT_TYPE, pod.uuid).slice(0, -pod.uuid.length));
  assert.deepEqual(
    answers.map((one) => parts(one).status),
    [200, 405, 405, 404, 404, 404, 200, 404],
  );
  assert.match(answers[1]!.text, /\r\nAllow: GET, HEAD\r\n/);
  assert.match(answers[2]!.text, /\r\nAllow: POST\r\n/);
  assert.equal(parts(answers[3]).body, '');
});

test('without the field there is neither a service nor a word of it', async () => {
  const app = { name: 'main', image: 'host', exec: ['/bin/sh', '-c', 'env; cat /proc/net/tcp'] };
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'without' }, network: { mode: 'none' } };
  const said = await podOk(['run', '--rm', '-'], { root, input: JSON.stringify({ ...manifest, apps: [app] }) });
  assert.doesNotMatch(said, /AC_| 0A /);
  const plan = await podOk(['plan', '-'], { root, input: JSON.stringify({ ...manifest, apps: [app] }) });
  assert.doesNotMatch(plan, /tape\.serve|tape\.answer|metadata/);
});

test('the plan shows what would be answered, and neither token nor key', async () => {
  const app = { name: 'main', image: 'host', exec: ['sleep', '1'], env: { AC_APP_NAME: 'other' } };
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'planned' }, network: { mode: 'none' } };
  const input = JSON.stringify({ ...manifest, metadataService: true, apps: [app] });
  const plan = await podOk(['plan', '-'], { root, input });
  assert.match(plan, /^tape\.serve\(\{<metadataKey>\}, 64, "\$uuid", length, %metadata, 5000\)/m);
  assert.match(plan, /"\/\$metadataToken\/acMetadata\/v1\/pod\/manifest"/);
  assert.match(plan, /"AC_METADATA_URL=\$metadataUrl"/);
  assert.match(plan, /"AC_APP_NAME=main"/);
  assert.doesNotMatch(plan, /AC_APP_NAME=other/);
});
