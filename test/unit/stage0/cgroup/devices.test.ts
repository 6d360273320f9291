import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFAULT_DEVICES,
  deviceLine,
  deviceProgram,
  type DeviceRule,
} from '../../../../stages/stage0/cgroup/devices.ts';

interface Asked {
  readonly type: 1 | 2;
  readonly access: number;
  readonly major: number;
  readonly minor: number;
}

/** Runs the few extended BPF instructions the program is made of. */
function run(program: Uint8Array, { type, access, major, minor }: Asked): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const context: Readonly<Record<number, number>> = { 0: (access << 16) | type, 4: major, 8: minor };
  const registers = Array.from({ length: 11 }, () => 0);
  for (let pc = 0; pc < program.byteLength / 8; pc++) {
    const at = pc * 8;
    const [code, dst, src] = [view.getUint8(at), view.getUint8(at + 1) & 15, view.getUint8(at + 1) >> 4];
    const [jump, immediate] = [view.getInt16(at + 2, true), view.getInt32(at + 4, true)];
    if (code === 0x95) return registers[0]!;
    if (code === 0x61) registers[dst] = context[jump]!;
    else if (code === 0xbf) registers[dst] = registers[src]!;
    else if (code === 0xb7) registers[dst] = immediate;
    else if (code === 0x54) registers[dst] = (registers[dst]! & immediate) >>> 0;
    else if (code === 0x74) registers[dst] = registers[dst]! >>> immediate;
    else if (code === 0x55) pc += registers[dst] === immediate ? 0 : jump;
    else throw new Error(`instruction ${pc} has the unexpected code ${code}`);
  }
  throw new Error('the program runs off its end');
}

function isAllowed(rules: readonly DeviceRule[], { type, access, major, minor }: Asked): boolean {
  const bits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
  return rules.some(
    (rule) =>
      (rule.type === 'char') === (type === 2) &&
      rule.major === major &&
      (rule.minor ?? minor) === minor &&
      (access & ~rule.access.split('').reduce((mask, letter) => mask | bits[letter]!, 0)) === 0,
  );
}

const RULES: readonly DeviceRule[] = [
  ...DEFAULT_DEVICES,
  { type: 'block', major: 8, minor: 1, access: 'r' },
  { type: 'char', major: 10, access: 'rw' },
];

test('the program allows what a rule allows, and nothing else', () => {
  const program = deviceProgram(RULES);
  for (const type of [1, 2] as const) {
    for (const major of [0, 1, 5, 8, 10, 136, 137]) {
      for (const minor of [0, 1, 2, 3, 4, 5, 9, 255]) {
        for (let access = 1; access < 8; access++) {
          const asked = { type, access, major, minor };
          assert.equal(run(program, asked), Number(isAllowed(RULES, asked)), JSON.stringify(asked));
        }
      }
    }
  }
});

test('version 1 gets the same rules in its own words', () => {
  assert.equal(deviceLine({ type: 'char', major: 136, access: 'rwm' }), 'c 136:* rwm');
  assert.equal(deviceLine({ type: 'block', major: 8, minor: 0, access: 'r' }), 'b 8:0 r');
});
