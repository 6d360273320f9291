import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { callModule } from '../../harness/call-module.ts';
import { askHealth, answerWith } from '../../harness/grpc-server.ts';
import { TOP } from '../../harness/paths.ts';

const isCompilerMissing = spawnSync(process.env['CC'] ?? 'cc', ['--version']).status !== 0;
const skip = isCompilerMissing ? 'no C compiler' : false;
const outDir = mkdtempSync(join(tmpdir(), 'pod-grpc-'));
let program = '';

before(() => {
  if (!isCompilerMissing)
    program = callModule(join(TOP, 'test/fuzz/build.mjs'), 'buildFuzzer', TOP, outDir, 'grpc-fuzz') as string;
});
after(() => rmSync(outDir, { recursive: true, force: true }));

interface Result {
  readonly outcome: string;
  readonly number: number;
  readonly reply: string;
}

/** Under ASan and UBSan, and however the answers are cut. */
function read(...answers: readonly Buffer[]): Result[] {
  const input = answers.map((answer) => `${answer.toString('hex')}\n`).join('');
  const { status, stdout, stderr } = spawnSync(program, ['-'], { input, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, open, outcome, number, reply] = /^(open)?,"outcome":"(.*)" (-?\d+) ?(.*)$/.exec(line)!;
      return { outcome: `${open ? 'open, ' : ''}${outcome}`, number: Number(number), reply: reply! };
    });
}

type Bytes = readonly number[];

const [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];
const [ACK, END_STREAM, END_HEADERS, PADDED, WITH_PRIORITY] = [1, 1, 4, 8, 0x20];
const [CONNECTION, STREAM] = [0, 1];

function frame(type: number, flags: number, stream: number, payload: Bytes = [], length = payload.length): Buffer {
  return Buffer.from([length >> 16, (length >> 8) & 255, length & 255, type, flags, 0, 0, 0, stream, ...payload]);
}

const text = (value: string): Bytes => [value.length, ...Buffer.from(value)];
const literal = (name: string, value: string): Bytes => [0, ...text(name), ...text(value)];
const settings = frame(SETTINGS, 0, CONNECTION);
/** ":status: 200". */
const OK: Bytes = [0x88];
const headers = frame(HEADERS, END_HEADERS, STREAM, OK);
const message = (...bytes: Bytes): Bytes => [0, 0, 0, 0, bytes.length, ...bytes];
const SERVING = message(0x08, 1);
const data = (...bytes: Bytes): Buffer => frame(DATA, 0, STREAM, bytes);
const trailers = (code: string): Buffer =>
  frame(HEADERS, END_HEADERS | END_STREAM, STREAM, literal('grpc-status', code));
const of = (...parts: readonly Buffer[]): Buffer => Buffer.concat(parts);
/** An answer up to its message, and after it. */
const around = (...parts: readonly Buffer[]): Buffer => of(settings, headers, ...parts, trailers('0'));
const zeros = (n: number): Bytes => Array.from({ length: n }, () => 0);
const block = (...fields: Bytes): Buffer => of(settings, frame(HEADERS, END_HEADERS, STREAM, fields));
const CASES: Readonly<Record<string, readonly [answer: Buffer, outcome: string, number?: number]>> = {
  serving: [around(data(...SERVING)), 'health', 1],
  'not serving': [around(data(...message(8, 2))), 'health', 2],
  'an empty message, whose status is 0': [around(data(...message())), 'health', 0],
  'a status of many bytes': [around(data(...message(8, 0xac, 2))), 'health', 300],
  'a negative status': [around(data(...message(8, ...Array(9).fill(0xff), 1))), 'health', -1],
  'several statuses': [around(data(...message(8, 1, 8, 2))), 'health', 2],
  'unknown fields of every kind': [
    around(data(...message(0x10, 0x80, 1, 0x19, ...zeros(8), 8, 1, 0x22, 2, 8, 2, 0x2a, 0, 0x35, 8, 2, 8, 2))),
    'health',
    1,
  ],
  'a group, whose fields are not ours': [around(data(...message(8, 1, 0x13, 8, 2, 0x1b, 0x1c, 0x14))), 'health', 1],
  'field 1 that is no number': [around(data(...message(8, 1, 0x0a, 1, 2))), 'health', 1],
  'a field that is longer than the message': [around(data(...message(8, 1, 0x12, 3, 1, 2))), 'message'],
  'a number that is not complete': [around(data(...message(8, 0x81))), 'message'],
  'a field without a number': [around(data(...message(0x0a))), 'message'],
  'a number of more than 64 bits': [around(data(...message(8, ...Array(9).fill(0xff), 2))), 'message'],
  'a number without end': [around(data(...message(8, ...Array(20).fill(0x80), 1))), 'message'],
  'field 0': [around(data(...message(0, 1))), 'message'],
  'a field above the largest': [around(data(...message(0x80, 0x80, 0x80, 0x80, 0x10, 1))), 'message'],
  'an unknown wire type': [around(data(...message(0x0e))), 'message'],
  'a group without end': [around(data(...message(0x13))), 'message'],
  'the end of another group': [around(data(...message(0x13, 0x1c))), 'message'],
  'the end of no group': [around(data(...message(0x14))), 'message'],
  'groups in groups': [around(data(...message(...Array(5).fill(0x13), ...Array(5).fill(0x14)))), 'message'],

  'DATA in many frames, some of them empty': [
    around(...SERVING.flatMap((byte) => [data(byte), data(), frame(PING, ACK, CONNECTION, zeros(8))])),
    'health',
    1,
  ],
  'padded DATA': [around(frame(DATA, PADDED, STREAM, [3, ...SERVING, 0x08, 2, 9])), 'health', 1],
  'DATA that is padding': [around(frame(DATA, PADDED, STREAM, [0]), data(...SERVING)), 'health', 1],
  'padding longer than its frame': [around(frame(DATA, PADDED, STREAM, [1])), 'frame', DATA],
  'padding without a length': [around(frame(DATA, PADDED, STREAM)), 'frame', DATA],
  'padded HEADERS with a priority': [
    of(settings, frame(HEADERS, END_HEADERS | PADDED | WITH_PRIORITY, STREAM, [2, ...zeros(5), ...OK, 0xff, 0xff]), data(...SERVING), trailers('0')), // prettier-ignore
    'health',
    1,
  ],
  'a priority longer than its frame': [of(settings, frame(HEADERS, WITH_PRIORITY, STREAM, zeros(4))), 'frame', HEADERS],
  'padding longer than the header block': [
    of(settings, frame(HEADERS, PADDED | WITH_PRIORITY, STREAM, [3, ...zeros(7)])),
    'frame',
    HEADERS,
  ],
  'a header block in many frames': [
    of(settings, headers, data(...SERVING), frame(HEADERS, END_STREAM, STREAM, [0]), ...text('grpc-status').map((byte) => frame(CONTINUATION, 0, STREAM, [byte])), frame(CONTINUATION, 0, STREAM), frame(CONTINUATION, END_HEADERS, STREAM, text('0'))), // prettier-ignore
    'health',
    1,
  ],
  'a frame within a header block': [of(settings, frame(HEADERS, 0, STREAM, OK), frame(PING, 0, CONNECTION, zeros(8))), 'order', PING], // prettier-ignore
  'an unknown frame within a header block': [of(settings, frame(HEADERS, 0, STREAM, OK), frame(99, 0, STREAM)), 'order', 99], // prettier-ignore
  'CONTINUATION of nothing': [of(settings, frame(CONTINUATION, 0, STREAM)), 'order', CONTINUATION],
  'CONTINUATION of another stream': [of(settings, frame(HEADERS, 0, STREAM, OK), frame(CONTINUATION, END_HEADERS, 3)), 'frame', CONTINUATION], // prettier-ignore
  'unknown frames, and those that do not matter': [
    around(
      frame(250, 255, 7, [1, 2, 3]),
      frame(PRIORITY, 0, 5, zeros(5)),
      frame(WINDOW_UPDATE, 0, CONNECTION, [0, 0, 0, 1]),
      frame(WINDOW_UPDATE, 0, STREAM, [0x80, 0, 0, 1]),
      frame(SETTINGS, ACK, CONNECTION),
      data(...SERVING),
    ),
    'health',
    1,
  ],
  'a frame of the largest size': [around(frame(99, 0, CONNECTION, zeros(16384)), data(...SERVING)), 'health', 1],
  'a frame above the largest size': [of(settings, frame(99, 0, CONNECTION, [], 16385)), 'size', 16385],
  'DATA before HEADERS': [of(settings, data(...SERVING)), 'order', DATA],
  PUSH_PROMISE: [of(settings, frame(PUSH_PROMISE, 4, STREAM, [0, 0, 0, 2])), 'order', PUSH_PROMISE],
  'DATA of another stream': [around(frame(DATA, 0, 3, SERVING)), 'frame', DATA],
  'SETTINGS of a stream': [of(settings, frame(SETTINGS, 0, STREAM)), 'frame', SETTINGS],
  'SETTINGS of 7 bytes': [of(settings, frame(SETTINGS, 0, CONNECTION, zeros(7))), 'frame', SETTINGS],
  'an ACK of SETTINGS that has a payload': [of(settings, frame(SETTINGS, ACK, CONNECTION, zeros(6))), 'frame', SETTINGS], // prettier-ignore
  'PING of 7 bytes': [of(settings, frame(PING, 0, CONNECTION, zeros(7))), 'frame', PING],
  'PRIORITY of 4 bytes': [of(settings, frame(PRIORITY, 0, 1, zeros(4))), 'frame', PRIORITY],
  'WINDOW_UPDATE by 0': [of(settings, frame(WINDOW_UPDATE, 0, CONNECTION, [0x80, 0, 0, 0])), 'frame', WINDOW_UPDATE],
  'RST_STREAM of 5 bytes': [of(settings, frame(RST_STREAM, 0, STREAM, zeros(5))), 'frame', RST_STREAM],
  'GOAWAY of 7 bytes': [of(settings, frame(GOAWAY, 0, CONNECTION, zeros(7))), 'frame', GOAWAY],
  RST_STREAM: [of(settings, frame(RST_STREAM, 0, STREAM, [0, 0, 0, 7])), 'reset', 7],
  'GOAWAY instead of an answer': [of(settings, frame(GOAWAY, 0, CONNECTION, [0, 0, 0, 0, 0, 0, 0, 11, 0x78])), 'goaway', 11], // prettier-ignore
  'GOAWAY of a server that still answers': [
    around(frame(GOAWAY, 0, CONNECTION, [0x7f, 255, 255, 255, 0, 0, 0, 0]), data(...SERVING)),
    'health',
    1,
  ],
  'GOAWAY, and then nothing': [of(settings, frame(GOAWAY, 0, CONNECTION, [0, 0, 0, 1, 0, 0, 0, 0])), 'open, goaway'],
  'GOAWAY because of an error': [of(settings, frame(GOAWAY, 0, CONNECTION, [0, 0, 0, 1, 0, 0, 0, 2])), 'goaway', 2],
  'replies for one who does not read them': [of(settings, ...Array<Buffer>(30).fill(frame(PING, 0, CONNECTION, zeros(8)))), 'flood'], // prettier-ignore

  'trailers without a message': [of(settings, frame(HEADERS, 5, STREAM, [...OK, ...literal('grpc-status', '12')])), 'grpc', 12], // prettier-ignore
  'a code after a message': [of(settings, headers, data(...SERVING), trailers('14')), 'grpc', 14],
  'no message': [of(settings, headers, trailers('0')), 'no-message'],
  'a part of a message': [around(data(...SERVING.slice(0, 6))), 'no-message'],
  'two messages': [around(data(...SERVING, ...SERVING)), 'messages'],
  'a message above 64 KB': [around(data(0, 0, 1, 0, 1)), 'long'],
  'a compressed message': [around(data(1, 0, 0, 0, 2, 8, 1)), 'compressed'],
  'a page of HTML': [around(data(...Buffer.from('<html>'))), 'not-grpc'],
  'the status of something that is not gRPC': [block(0x8d), 'status', 404],
  'a status and a code': [of(settings, frame(HEADERS, 5, STREAM, [0x8d, ...literal('grpc-status', '5')])), 'grpc', 5],
  'DATA as the end': [of(settings, headers, frame(DATA, END_STREAM, STREAM, SERVING)), 'no-code'],
  'trailers without a code': [of(settings, headers, data(...SERVING), frame(HEADERS, 5, STREAM, literal('x', '0'))), 'no-code'], // prettier-ignore
  ...Object.fromEntries(['', '0x', '-1', '9999999999'].map((code) => [`the code "${code}"`, [of(settings, headers, data(...SERVING), trailers(code)), 'no-code']])), // prettier-ignore
  'a code before the end': [of(settings, frame(HEADERS, 4, STREAM, [...OK, ...literal('grpc-status', '0')]), data(...SERVING), frame(DATA, END_STREAM, STREAM)), 'no-code'], // prettier-ignore
  'an interim answer': [of(settings, frame(HEADERS, 4, STREAM, literal(':status', '103')), headers, data(...SERVING), trailers('0')), 'health', 1], // prettier-ignore
  'an interim answer as the end': [of(settings, frame(HEADERS, 5, STREAM, literal(':status', '100'))), 'status', 100],
  'HEADERS between DATA': [of(settings, headers, headers), 'headers'],
  'no status': [block(...literal('x', 'y')), 'headers'],
  'a status that is no number': [block(...literal(':status', 'abc')), 'headers'],

  'the ends of the static table': [of(block(0x81, 0xbd, 0x48, 3, 0x34, 0x30, 0x34)), 'status', 404],
  'a field above the static table': [block(...OK, 0xbe), 'headers'],
  'a name above the static table': [block(...OK, 0x7e, 1, 0x78), 'headers'],
  'field 0 of the table': [block(0x80), 'headers'],
  'a smaller table, as we want it': [block(0x20, 0x8d), 'status', 404],
  'a larger table': [block(0x21, 0x88), 'headers'],
  'a number above every limit': [block(...OK, 0, 0x7f, 0xff, 0xff, 0xff, 0x7f), 'headers'],
  'a long number, and a long name and value': [
    block(0x10, 0x7f, 0x81, 0x01, ...zeros(256), 0x7f, 0x00, ...zeros(127), 0x8d),
    'status',
    404,
  ],
  'a name without a value': [block(...OK, 0, 1, 0x78), 'headers'],
  'a text that is not complete': [block(...OK, 0, 9, 0x78), 'headers'],
  'an empty name and an empty value': [block(0, 0, 0, 0, 0x80, 0x80, 0x8d), 'status', 404],
  // RFC 7541, C.6.1 and C.6.3: "302" and "307", in Huffman's code.
  'a status in Huffman’s code': [block(0x48, 0x82, 0x64, 0x02), 'status', 302],
  another: [block(0x48, 0x83, 0x64, 0x0e, 0xff), 'status', 307],
  'a digit that its padding would complete': [block(0x48, 0x81, 0x0b), 'headers'],
  'more padding than a byte': [block(0x48, 0x82, 0x07, 0xff), 'headers'],

  'an HTTP/1 server': [Buffer.from('HTTP/1.1 400 Bad Request\r\n'), 'http1'],
  'a TLS server': [Buffer.from([21, 3, 1, 0, 2, 2, 40]), 'tls'],
  'something else': [Buffer.from('SSH-2.0-x\r\n'), 'answer'],
  'an ACK before SETTINGS': [frame(SETTINGS, ACK, CONNECTION), 'order', SETTINGS],
  'no frame': [Buffer.from('x'), 'open, answer'],
  'half an answer': [of(settings, headers), 'open, cut'],
  'half a frame': [of(settings, headers).subarray(0, -1), 'open, cut'],
  'half of HTTP/1': [Buffer.from('HTT'), 'open, answer'],
};

test('every answer is read as what it is, however it arrives', { skip }, () => {
  const names = Object.keys(CASES);
  const results = read(...names.map((name) => CASES[name]![0]));
  const found = results.map(({ outcome, number }, i) => [names[i], outcome, number]);
  assert.deepEqual(
    found,
    names.map((name) => [name, CASES[name]![1], CASES[name]![2] ?? 0]),
  );
});

test('SETTINGS and PING are acknowledged, once each, and acknowledgements are not', { skip }, () => {
  const ping = [1, 2, 3, 4, 5, 6, 7, 8];
  const more = [frame(PING, 0, CONNECTION, ping), frame(PING, ACK, CONNECTION, zeros(8)), frame(SETTINGS, ACK, CONNECTION)]; // prettier-ignore
  const [result] = read(of(frame(SETTINGS, 0, CONNECTION, [0, 3, 0, 0, 0, 100]), ...more));
  const expected = of(frame(SETTINGS, ACK, CONNECTION), frame(PING, ACK, CONNECTION, ping));
  assert.equal(result?.reply, expected.toString('hex'));
});

test('what a server that is not ours answers is understood', { skip }, async () => {
  for (const status of [0, 1, 2, 3]) {
    const { answer } = await askHealth('', (stream) => answerWith(stream, status));
    assert.deepEqual({ ...read(answer)[0], reply: '' }, { outcome: 'health', number: status, reply: '' });
  }
  for (const code of ['5', '12', '16', '399']) {
    const { answer } = await askHealth('', (stream) =>
      stream.respond({ ':status': 200, 'grpc-status': code }, { endStream: true }),
    );
    assert.deepEqual({ ...read(answer)[0], reply: '' }, { outcome: 'grpc', number: Number(code), reply: '' });
  }
  const { answer } = await askHealth('', (stream) => stream.respond({ ':status': 418 }, { endStream: true }));
  assert.equal(read(answer)[0]?.number, 418);
});

test('damaged answers have one result, and no byte is read that is not there', { skip }, () => {
  const { status, stderr } = spawnSync(program, ['1', '30000'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
