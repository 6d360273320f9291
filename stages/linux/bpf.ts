// bpf(2), linux/bpf.h: extended BPF instructions and the attribute structs of the two commands pod uses

export const BPF_PROG_LOAD = 5;
export const BPF_PROG_ATTACH = 8;

export const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
export const BPF_CGROUP_DEVICE = 6;
/** Programs of parent and child cgroups all have to agree; without this flag, an attached program forbids others below. */
export const BPF_F_ALLOW_MULTI = 2;

/** Access and type as struct bpf_cgroup_dev_ctx packs them: `access << 16 | type`. */
export const BPF_DEVCG_ACC = { mknod: 1, read: 2, write: 4 } as const;
export const BPF_DEVCG_DEV = { block: 1, char: 2 } as const;

const BPF_LDX_MEM_W = 0x61;
const BPF_ALU64_MOV_X = 0xbf;
const BPF_ALU64_MOV_K = 0xb7;
const BPF_ALU_AND_K = 0x54;
const BPF_ALU_RSH_K = 0x74;
const BPF_JMP_JNE_K = 0x55;
const BPF_JMP_EXIT = 0x95;

export type BpfRegister = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** One struct bpf_insn, encoded. */
export type BpfInstruction = Uint8Array;

function instruction(
  code: number,
  dst: BpfRegister,
  src: BpfRegister,
  offset: number,
  immediate: number,
): BpfInstruction {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, code);
  view.setUint8(1, (src << 4) | dst);
  view.setInt16(2, offset, true);
  view.setInt32(4, immediate, true);
  return bytes;
}

/** dst = *(u32 *)(src + offset) */
export function loadWord(dst: BpfRegister, src: BpfRegister, offset: number): BpfInstruction {
  return instruction(BPF_LDX_MEM_W, dst, src, offset, 0);
}

export function moveRegister(dst: BpfRegister, src: BpfRegister): BpfInstruction {
  return instruction(BPF_ALU64_MOV_X, dst, src, 0, 0);
}

export function moveImmediate(dst: BpfRegister, value: number): BpfInstruction {
  return instruction(BPF_ALU64_MOV_K, dst, 0, 0, value);
}

/** 32 bits wide: the upper half becomes zero. */
export function andImmediate(dst: BpfRegister, mask: number): BpfInstruction {
  return instruction(BPF_ALU_AND_K, dst, 0, 0, mask);
}

/** Logical shift, 32 bits wide. */
export function shiftRight(dst: BpfRegister, bits: number): BpfInstruction {
  return instruction(BPF_ALU_RSH_K, dst, 0, 0, bits);
}

/** Skips `skip` instructions when the register is not `value`. */
export function skipUnlessEqual(dst: BpfRegister, value: number, skip: number): BpfInstruction {
  return instruction(BPF_JMP_JNE_K, dst, 0, skip, value);
}

export function exit(): BpfInstruction {
  return instruction(BPF_JMP_EXIT, 0, 0, 0, 0);
}

/**
 * The parts of union bpf_attr for BPF_PROG_LOAD before, between and after the pointers to the instructions and the licence. The
 * verifier's log is off.
 */
export function programLoadAttr(
  type: number,
  instructions: number,
): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, instructions, true);
  return { head, tail: new Uint8Array(24) };
}

/** Size of the result of programLoadAttr with its two pointers. */
export const PROGRAM_LOAD_ATTR_BYTES = 48;

/** union bpf_attr for BPF_PROG_ATTACH; `target_fd` (at 0) and `attach_bpf_fd` (at 4) are filled in when known. */
export function programAttachAttr(attachType: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, attachType, true);
  view.setUint32(12, flags, true);
  return bytes;
}
