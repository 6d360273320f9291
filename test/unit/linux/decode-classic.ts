import { type ClassicInstruction, SOCK_FILTER_BYTES } from '../../../stages/linux/classic-bpf.ts';

/** The instructions of an encoded program. */
export function decodeClassic(bytes: Uint8Array): ClassicInstruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / SOCK_FILTER_BYTES }, (_, index) => {
    const at = index * SOCK_FILTER_BYTES;
    return {
      code: view.getUint16(at, true),
      jt: view.getUint8(at + 2),
      jf: view.getUint8(at + 3),
      k: view.getUint32(at + 4, true),
    };
  });
}
