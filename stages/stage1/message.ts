// The messages of stages/stage1/io.h: 64 bytes each, little-endian, descriptors beside them.

const MAGIC = 0x31444f50;
export const MESSAGE_BYTES = 64;

const MESSAGE_TYPES = {
  launch: 1,
  handover: 2,
  failed: 3,
  malformed: 4,
  started: 5,
  exited: 6,
  born: 7,
  entered: 8,
  letGo: 9,
  exec: 16,
  signal: 17,
  stop: 18,
  pty: 19,
  restart: 20,
  attach: 21,
  resize: 22,
  resumed: 23,
  done: 32,
  refused: 33,
} as const;

/** `a` of `letGo`, minus ECANCELED: the tape that removes what the pod leaves stops at it. */
export const LET_GO = -125;

export type MessageType = keyof typeof MESSAGE_TYPES;

/** Meanings of `a`, `b`, `c` and `d` are those of enum message_type in io.h. */
export interface Message {
  readonly type: MessageType;
  /** Index of the app; -1 none or all, -2 the session's own process. */
  readonly app: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: bigint;
  /** Number of descriptors that travel with it. */
  readonly fds: number;
}

const NAMES: ReadonlyMap<number, MessageType> = new Map(
  Object.entries(MESSAGE_TYPES).map(([name, number]) => [number, name as MessageType]),
);

export function encodeMessage(message: Partial<Message> & { readonly type: MessageType }): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(MESSAGE_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, MESSAGE_TYPES[message.type], true);
  view.setInt32(8, message.app ?? -1, true);
  view.setInt32(12, message.a ?? 0, true);
  view.setInt32(16, message.b ?? 0, true);
  view.setInt32(20, message.c ?? 0, true);
  view.setBigInt64(24, message.d ?? 0n, true);
  view.setUint32(32, message.fds ?? 0, true);
  return bytes;
}

/** Throws on anything stage1 does not send: both ends are ours. */
export function decodeMessage(bytes: Uint8Array): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type: MessageType | undefined = NAMES.get(view.getUint32(4, true));
  if (view.getUint32(0, true) !== MAGIC || !type) throw new Error('not a message of stage1');
  return {
    type,
    app: view.getInt32(8, true),
    a: view.getInt32(12, true),
    b: view.getInt32(16, true),
    c: view.getInt32(20, true),
    d: view.getBigInt64(24, true),
    fds: view.getUint32(32, true),
  };
}
