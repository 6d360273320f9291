import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { PodError } from '../../../stages/stage0/index.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { ask, parts, post, postBody, sign, startServed, verify } from './served-pod.ts';

const root = useTempRoot();
const otherRoot = useTempRoot();

/** What the signature has to be, from the key on the host. */
function expected(uuid: string, content: string): string {
  const podKey = createHmac('sha512', readFileSync(`${root}/metadata.key`))
    .update(uuid)
    .digest();
  return createHmac('sha512', podKey).update(Buffer.from(content, 'utf8')).digest('base64');
}

test("a signature is base64 of an HMAC-SHA-512 with a key made of the host's and the uuid", async () => {
  await using pod = await startServed(root, 'sign');
  // Every length around the ends of a block of the hash.
  const lengths = [1, 2, 3, 63, 64, 65, ...Array.from({ length: 34 }, (_, i) => 100 + i), 239, 240, 241, 20_000];
  const contents = [...lengths.map((length) => 'a&='.repeat(length).slice(0, length)), 'ü€ +%', '\0\x01\n'];
  const answers = await ask(
    pod,
    contents.map((content) => post('pod/hmac/sign', { content })),
  );
  answers.forEach((answer, i) => {
    const head = 'Content-Type: text/plain; charset=us-ascii\r\nContent-Length: 88\r\nConnection: close\r\n\r\n';
    assert.equal(answer.text, `HTTP/1.1 200 OK\r\n${head}${expected(pod.uuid, contents[i]!)}`, `content ${i}`);
  });
});

test('a signature verifies, and nothing else does', async () => {
  await using pod = await startServed(root, 'verify');
  const content = 'Old MacDonald had a farm & more';
  const signature = await sign(pod, content);
  const right = { content, uuid: pod.uuid, signature };
  const wrong: Readonly<Record<string, string>>[] = [
    { ...right, content: `${content}x` },
    { ...right, uuid: '00000000-0000-4000-8000-000000000000' },
    { ...right, signature: `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}` },
    { ...right, signature: signature.slice(0, -1) },
    { ...right, signature: '' },
    { ...right, signature: 'not base64!' },
    // What is in the content must not be taken for another field.
    { content: `x&uuid=${pod.uuid}`, uuid: '00000000-0000-4000-8000-000000000000', signature },
  ];
  const answers = await ask(
    pod,
    [right, { ...right, uuid: pod.uuid.toUpperCase() }, ...wrong].map((fields) => post('pod/hmac/verify', fields)),
  );
  assert.deepEqual(
    answers.map((answer) => parts(answer).status),
    [200, 200, ...wrong.map(() => 403)],
  );
  assert.equal(answers[0]?.text, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
});

test('a form that lacks a field, or cannot be read, is a bad request', async () => {
  await using pod = await startServed(root, 'forms');
  const signature = 'A'.repeat(88);
  const requests = [
    post('pod/hmac/sign', {}),
    post('pod/hmac/sign', { content: '' }),
    post('pod/hmac/sign', { contents: 'x' }),
    postBody('pod/hmac/sign', 'content=%zz'),
    postBody('pod/hmac/sign', 'content=%4'),
    post('pod/hmac/verify', { content: 'x', uuid: pod.uuid }),
    post('pod/hmac/verify', { content: 'x', signature }),
    post('pod/hmac/verify', { uuid: pod.uuid, signature }),
    post('pod/hmac/verify', { content: 'x', uuid: pod.uuid.slice(1), signature }),
    post('pod/hmac/verify', { content: 'x', uuid: `${pod.uuid.slice(1)}g`, signature }),
  ];
  const answers = await ask(pod, requests);
  assert.deepEqual(
    answers.map((answer) => parts(answer).status),
    requests.map(() => 400),
  );
});

test('a plus sign that was sent as it is does not spoil a signature', async () => {
  await using pod = await startServed(root, 'plus');
  for (let i = 0; ; i++) {
    const signature = expected(pod.uuid, `content ${i}`);
    if (!signature.includes('+')) continue;
    const body = `content=content+${i}&uuid=${pod.uuid}&signature=${signature}`;
    const [answer] = await ask(pod, [postBody('pod/hmac/verify', body)]);
    assert.equal(parts(answer).status, 200);
    return;
  }
});

test("a pod verifies what another pod of the host signed, also when that is gone and its key's holder was restarted", async () => {
  const signed = await (async () => {
    await using signer = await startServed(root, 'signer');
    return { content: 'token', uuid: signer.uuid, signature: await sign(signer, 'token') };
  })();
  await using verifier = await startServed(root, 'verifier');
  assert.equal(await verify(verifier, signed), 200);
  assert.equal(await verify(verifier, { ...signed, uuid: verifier.uuid }), 403);
  await using stranger = await startServed(otherRoot, 'stranger');
  assert.equal(await verify(stranger, signed), 403);
});

test('the key is the owner’s alone, and stays what it is', async () => {
  const path = `${root}/metadata.key`;
  const before = readFileSync(path);
  assert.equal(before.length, 64);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await using pod = await startServed(root, 'again');
  assert.ok(pod.uuid);
  assert.deepEqual(readFileSync(path), before);
});

test('pods that make the key at once all have the same', async () => {
  rmSync(`${otherRoot}/metadata.key`, { force: true });
  const started = await Promise.all(['one', 'two'].map((name) => startServed(otherRoot, name)));
  await using one = started[0]!;
  await using two = started[1]!;
  const signature = await sign(one, 'x');
  assert.equal(await verify(two, { content: 'x', uuid: one.uuid, signature }), 200);
});

test('a key of another length is refused, and said', async () => {
  writeFileSync(`${otherRoot}/metadata.key`, 'short');
  await assert.rejects(
    startServed(otherRoot, 'short'),
    (error) => error instanceof PodError && error.code === 'state/io' && error.message.includes('5 bytes, not 64'),
  );
  rmSync(`${otherRoot}/metadata.key`);
});
