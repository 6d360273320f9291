import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layOutData } from '../../../stages/tape/data-section.ts';
import { encodeProgram, encodeTemplate } from '../../../stages/tape/encode.ts';
import {
  ANSWER_KINDS,
  APP_FLAGS,
  CONDITIONS,
  HOOK_NAMES,
  LIMITS,
  PROBE_KINDS,
  PROBE_ROLES,
  PURPOSES,
  RESTART_POLICIES,
  SIZES,
} from '../../../stages/tape/format.ts';
import { offset, Program, sym } from '../../../stages/tape/program.ts';
import { WELL_KNOWN_REGISTERS } from '../../../stages/tape/registers.ts';
import { bindTemplate } from '../../../stages/tape/template.ts';
import { assertGolden, hexDump } from '../../harness/golden.ts';
import { TOP } from '../../harness/paths.ts';
import { BINDINGS, newExample } from './example.ts';

for (const arch of ['x86_64', 'aarch64'] as const) {
  test(`the example's bytes for ${arch}`, () => {
    assertGolden(`test/unit/tape/golden/example.${arch}.hex`, hexDump(encodeProgram(newExample(), arch, BINDINGS)));
  });
}

test('the same program gives the same bytes', () => {
  assert.deepEqual(encodeProgram(newExample(), 'x86_64', BINDINGS), encodeProgram(newExample(), 'x86_64', BINDINGS));
});

test('an unbound program is encoded too, and does not depend on what would be bound', () => {
  const bytes = encodeProgram(newExample(), 'x86_64');
  assert.ok(Buffer.from(bytes).includes('/pods/$uuid/root\0'));
});

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The op's arguments and their kinds, read back from the bytes. */
function readOp(bytes: Uint8Array, index: number): { kinds: number; args: bigint[] } {
  const at = view(bytes).getUint32(32, true) + SIZES.op * index;
  const args = Array.from({ length: 6 }, (_, i) => view(bytes).getBigUint64(at + 16 + 8 * i, true));
  return { kinds: view(bytes).getUint16(at + 2, true), args };
}

test('an argument knows whether it is a value, a pointer or a register', () => {
  const program = new Program();
  const tape = program.tape({ purpose: 'host' });
  tape.call('write', [program.reg('lock'), tape.text('ab'), 2, -1, 5n, sym('n', 4)]);
  const { kinds, args } = readOp(encodeProgram(program, 'x86_64', { n: 7 }), 0);
  assert.equal(kinds, 0b10 | (0b01 << 2));
  assert.deepEqual(args, [0n, 0n, 2n, 0xffff_ffff_ffff_ffffn, 5n, 7n]);
});

test('the length of a text is that of what is bound', () => {
  const program = new Program();
  const tape = program.tape({ purpose: 'host' });
  const text = ['ü=', sym('value')] as const;
  tape.call('write', [0, tape.text(text), tape.lengthOf(text)]);
  assert.equal(readOp(encodeProgram(program, 'x86_64', { value: 12_345 }), 0).args[2], 8n);
});

test('a pointer in data becomes a relocation', () => {
  const program = new Program();
  const text = program.text('target');
  const item = program.bytes([new Uint8Array(8), offset(text, 3), sym('word')]);
  const { pointers, places, symbols } = layOutData(program);
  const at = (places[item.item] as { offset: number }).offset;
  assert.deepEqual(pointers, [[at + 8, offset(text, 3)]]);
  assert.deepEqual(symbols, [[at + 16, sym('word')]]);
});

test('a text that is bound lies behind all others, and what points to it follows', () => {
  const program = new Program();
  const tape = program.tape({ purpose: 'host' });
  const short = tape.text(['/pods/', sym('uuid')]);
  const long = tape.text(['/', sym('hosts')]);
  const fixed = tape.text('fixed');
  const list = tape.bytes([offset(long, 1), fixed]);
  tape.call('openat', [short, long, fixed, list]);
  const template = encodeTemplate(program, 'x86_64');
  for (const hosts of ['', 'a'.repeat(100)]) {
    const bytes = bindTemplate(template, { uuid: '12', hosts });
    assert.deepEqual(bytes, encodeProgram(program, 'x86_64', { uuid: '12', hosts }));
    assert.equal(view(bytes).getUint32(16, true), bytes.length);
    const data = view(bytes).getUint32(64, true);
    assert.equal(view(bytes).getUint32(68, true), bytes.length - data);
    const textAt = (at: number): string =>
      Buffer.from(bytes.subarray(data + at))
        .toString()
        .split('\0')[0]!;
    const [first, second, third, fourth] = readOp(bytes, 0).args.map(Number);
    assert.deepEqual(
      [first, second, third].map((at) => textAt(at!)),
      ['/pods/12', `/${hosts}`, 'fixed'],
    );
    const relocs = view(bytes).getUint32(40, true);
    const target = (i: number): string => textAt(view(bytes).getUint32(relocs + SIZES.reloc * i + 4, true));
    assert.deepEqual([view(bytes).getUint32(relocs, true), target(0), target(1)], [fourth, hosts, 'fixed']);
  }
});

test('every item lies on a multiple of eight with eight bytes of room behind it', () => {
  const program = new Program();
  for (const length of [0, 1, 7, 8, 9]) program.text('x'.repeat(length));
  program.text([sym('word')]);
  const { places } = layOutData(program);
  assert.ok(places.every((place) => 'text' in place || place.offset % 8 === 0));
  const tape = program.tape({ purpose: 'host' });
  tape.call('openat', [tape.text([sym('word')])]);
  const bytes = encodeProgram(program, 'x86_64', { word: '1234567' });
  const last = Number(readOp(bytes, 0).args[0]);
  assert.equal(last % 8, 0);
  assert.ok(view(bytes).getUint32(68, true) - last >= 16);
  assert.equal(bytes.at(-1), 0);
});

const REFUSED: readonly [string, (program: Program) => void][] = [
  ['a call no kernel has', (program) => program.tape({ purpose: 'host' }).call('frobnicate', [])],
  [
    'five tolerated errnos',
    (program) =>
      program.tape({ purpose: 'host' }).call('read', [], { tolerate: ['EPERM', 'ENOENT', 'ESRCH', 'EINTR', 'EIO'] }),
  ],
  ['a pointer at an odd place', (program) => void program.bytes([new Uint8Array(4), program.text('x')])],
  [
    'more registers than stage1 has',
    (program) => {
      for (let i = 0; i < LIMITS.registers; i++) program.reg(`r${i}`);
    },
  ],
  ['more bytes than stage1 takes', (program) => void program.buffer(LIMITS.tapeBytes)],
];
for (const [what, make] of REFUSED) {
  test(`${what} is refused`, () => {
    const program = new Program();
    make(program);
    assert.throws(() => encodeProgram(program, 'x86_64'));
  });
}

test('a symbol that is bound to more bytes than it has room for is refused', () => {
  const program = new Program();
  program.bytes([sym('mac', 6)]);
  assert.throws(() => encodeProgram(program, 'x86_64', { mac: new Uint8Array(7) }));
});

test('a probe cannot ask with what is bound at the start', () => {
  const program = new Program();
  const start = program.tape({ purpose: 'start', app: 'web' });
  const request = { data: program.text(['GET ', sym('uuid')]), length: 8 };
  const address = { data: program.buffer(16), length: 16 };
  const timing = { delayMs: 0, periodMs: 1, timeoutMs: 1, successes: 1, failures: 1 };
  program.supervise({
    name: 'web',
    start,
    stopSignal: 15,
    graceMs: 0,
    logBytes: 1,
    logFiles: 1,
    dependsOn: [],
    probes: [{ ...timing, role: 'live', ask: { kind: 'http', address, request, statuses: [200, 200] } }],
  });
  assert.throws(() => encodeProgram(program, 'x86_64'), /bound at the start/);
});

const header = readFileSync(join(TOP, 'stages/stage1/tape.h'), 'utf8');

/** `NAME, NAME = 16, …` of an enum in tape.h, with their numbers. */
function enumOf(first: string): Map<string, number> {
  const body = new RegExp(`\\{([^{}]*\\b${first}\\b[^{}]*)\\}`).exec(header)![1]!;
  let next = 0;
  const members = body
    .replaceAll(/\/\*.*?\*\//gs, '')
    .split(',')
    .map((member) => member.trim())
    .filter(Boolean);
  return new Map(
    members.map((member) => {
      const [name, value] = member.split('=').map((part) => part.trim());
      if (value !== undefined && /^\w+$/.test(value)) next = Number(value);
      return [name!, next++];
    }),
  );
}

/** `['onFailure']` → `['RESTART_ON_FAILURE']` */
function named(prefix: string, names: readonly string[]): string[] {
  const snake = (name: string): string => name.replaceAll('-', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter}`);
  return names.map((name) => `${prefix}_${snake(name).toUpperCase()}`);
}

test('the C side counts purposes and registers as we do', () => {
  const purposes = enumOf('TAPE_HOST');
  PURPOSES.forEach((purpose, i) => {
    assert.equal(purposes.get(`TAPE_${purpose.toUpperCase()}`), i);
  });
  assert.equal(purposes.get('TAPE_PURPOSES'), PURPOSES.length);
  assert.deepEqual([...enumOf('RESTART_NEVER').keys()], named('RESTART', RESTART_POLICIES));
  assert.deepEqual([...enumOf('PROBE_TAPE').keys()], named('PROBE', PROBE_KINDS));
  assert.deepEqual([...enumOf('ROLE_START').keys()], named('ROLE', PROBE_ROLES));
  assert.deepEqual([...enumOf('AFTER_STARTED').keys()], named('AFTER', CONDITIONS));
  assert.deepEqual([...enumOf('HOOK_PRE_START').keys()], [...named('HOOK', HOOK_NAMES), 'HOOKS']);
  const flags = Object.keys(APP_FLAGS);
  const appFlags = enumOf('APP_TERMINAL');
  assert.deepEqual(named('APP', flags), [...appFlags.keys()].slice(0, flags.length));
  for (const [i, value] of Object.values(APP_FLAGS).entries())
    assert.equal(appFlags.get(named('APP', flags)[i]!), value);
  const registers = enumOf('R_LOCK');
  for (const [name, index] of Object.entries(WELL_KNOWN_REGISTERS)) {
    assert.equal(registers.get(`R_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`), index, name);
  }
});

test('the C side counts the answers of the metadata service as we do', () => {
  const kinds = enumOf('ANSWER_GET');
  ANSWER_KINDS.forEach((kind, i) => {
    assert.equal(kinds.get(`ANSWER_${kind.replaceAll('-', '_').toUpperCase()}`), i, kind);
  });
  assert.equal(kinds.get('ANSWER_KINDS'), ANSWER_KINDS.length);
});
