import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, answersOf } from '../../../../stages/stage0/metadata/answers.ts';
import { planAnswers } from '../../../../stages/stage0/metadata/plan-metadata.ts';
import { renderText } from '../../../../stages/tape/bindings.ts';
import { disassemble } from '../../../../stages/tape/disassemble.ts';
import { ANSWER_KINDS } from '../../../../stages/tape/format.ts';
import { Program } from '../../../../stages/tape/program.ts';
import { specOf } from '../manifest/parse-case.ts';
import { everything, servedApps } from './served.ts';

const UUID = '01234567-89ab-cdef-0123-456789abcdef';

interface Response {
  readonly status: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function responseOf({ head, body }: Answer): Response {
  assert.ok(head.endsWith('\r\n\r\n'));
  const [status, ...lines] = head.trimEnd().split('\r\n');
  const headers = new Map(lines.map((line) => line.split(': ') as [string, string]));
  return { status: status!, headers, body: renderText(body, { uuid: UUID }) };
}

function get(answers: readonly Answer[], path: string): Response {
  const found = answers.filter((answer) => answer.kind === 'get' && answer.path === `/acMetadata/v1/${path}`);
  assert.equal(found.length, 1, path);
  return responseOf(found[0]!);
}

const { spec, apps } = everything();
const answers = answersOf(spec, apps);

test('json has its type, text the one the specification writes, and neither a line break', () => {
  for (const answer of answers.filter(({ kind }) => kind === 'get')) {
    const { headers, body } = responseOf(answer);
    const isText = /\/(uuid|id)$/.test(answer.path);
    assert.equal(headers.get('Content-Type'), isText ? 'text/plain; charset=us-ascii' : 'application/json');
    assert.ok(!body.endsWith('\n'));
    if (!isText) assert.doesNotThrow(() => JSON.parse(body) as unknown, answer.path);
  }
});

test('every length is that of the body, and every connection ends', () => {
  for (const answer of answers) {
    const { headers, body, status } = responseOf(answer);
    if (answer.kind === 'continue') continue;
    assert.equal(headers.get('Connection'), 'close', status);
    const length = answer.kind === 'sign' ? 88 : Buffer.byteLength(body);
    assert.equal(Number(headers.get('Content-Length')), length, status);
  }
});

test('lengths count bytes, not letters', () => {
  const wide = specOf(
    '{apiVersion: pod/v1, kind: Pod, metadata: {name: a, annotations: {a: "ü€"}}, apps: [{name: a, image: host, exec: [/a]}]}',
  );
  const { headers, body } = get(answersOf(wide, servedApps(wide)), 'pod/annotations');
  assert.equal(body, '[{"name":"a","value":"ü€"}]');
  assert.equal(headers.get('Content-Length'), String(Buffer.byteLength(body)));
});

test('annotations: of the pod, and of the image with the app in its places', () => {
  assert.equal(
    get(answers, 'pod/annotations').body,
    '[{"name":"ip-address","value":"10.1.2.3"},{"name":"example.com/x","value":"y"}]',
  );
  assert.equal(
    get(answers, 'apps/front/annotations').body,
    '[{"name":"maker","value":"us"},{"name":"org.example.v","value":"1"},{"name":"tier","value":"front"}]',
  );
  assert.equal(
    get(answers, 'apps/side/annotations').body,
    '[{"name":"maker","value":"them"},{"name":"org.example.v","value":"1"}]',
  );
});

test('annotations that are not there are null', () => {
  const bare = specOf(
    '{apiVersion: pod/v1, kind: Pod, metadata: {name: a}, apps: [{name: a, image: host, exec: [/a]}]}',
  );
  const none = answersOf(bare, servedApps(bare));
  assert.equal(get(none, 'pod/annotations').body, 'null');
  assert.equal(get(none, 'apps/a/annotations').body, 'null');
});

test('the uuid and the image id', () => {
  assert.equal(get(answers, 'pod/uuid').body, UUID);
  assert.equal(get(answers, 'apps/front/image/id').body, apps[0]!.image.id);
});

test('there are words for every kind of trouble, with the status HTTP has for it', () => {
  const statuses = answers
    .filter(({ path }) => path === '')
    .map((answer) => `${answer.kind} ${responseOf(answer).status.slice(9, 12)}`);
  assert.deepEqual(statuses, [
    'continue 100',
    'malformed 400',
    'forbidden 403',
    'unknown 404',
    'not-get 405',
    'not-post 405',
    'no-length 411',
    'too-large 413',
  ]);
  assert.deepEqual(new Set(answers.map(({ kind }) => kind)), new Set(ANSWER_KINDS));
});

test('on the tape: who serves, then every answer under the token', () => {
  const program = new Program();
  planAnswers(program, answers, spec.at);
  const lines = disassemble(program, { uuid: UUID, metadataToken: 'secret' });
  assert.match(lines[0]!.call, /^tape\.serve\(\{.*\}, 64, "01234567-.*", 36, %metadata, 5000\)$/);
  assert.equal(lines.length, answers.length + 1);
  assert.match(lines[3]!.call, /^tape\.answer\("\/secret\/acMetadata\/v1\/pod\/uuid", 30, 0, "HTTP/);
});
