// An interpreter of classic BPF for tests: as the kernel's, without its shortcuts.

import { decodeClassic } from '../../linux/decode-classic.ts';

export interface SeccompData {
  readonly nr: number;
  readonly arch: number;
  readonly args?: readonly bigint[];
}

/** What the filter returns for the call. Throws when the program does what the kernel's verifier would refuse. */
export function runFilter(program: Uint8Array, { nr, arch, args = [] }: SeccompData): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, nr, true);
  data.setUint32(4, arch, true);
  for (const [index, arg] of args.entries()) data.setBigUint64(16 + 8 * index, arg, true);
  const code = decodeClassic(program);
  let accumulator = 0;
  for (let pc = 0; pc < code.length; pc++) {
    const { code: op, jt, jf, k } = code[pc]!;
    if (op === 0x06) return k;
    if (op === 0x20) accumulator = data.getUint32(k, true);
    else if (op === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (op === 0x05) pc += k;
    else if (op === 0x15) pc += accumulator === k ? jt : jf;
    else if (op === 0x25) pc += accumulator > k ? jt : jf;
    else if (op === 0x35) pc += accumulator >= k ? jt : jf;
    else throw new Error(`instruction ${pc} has the unexpected code ${op}`);
  }
  throw new Error('the program runs off its end');
}
