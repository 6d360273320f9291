// netlink(7): messages as values, and their encoding.

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_HDRLEN = 16;

const NLA_F_NESTED = 0x8000;

/** Bytes that are filled in later: `size` zeroes, whose position is recorded. */
export interface Hole {
  readonly hole: string;
  readonly size: number;
}

export type Piece = Uint8Array | Hole;

/** A struct nlattr. Its value is a sequence of pieces, or nested attributes, or a struct followed by attributes. */
export interface Attribute {
  readonly type: number;
  readonly value: readonly (Piece | Attribute)[];
}

export interface NetlinkMessage {
  readonly type: number;
  /** NLM_F_REQUEST is always added. */
  readonly flags: number;
  /** The family's own struct: ifinfomsg, nfgenmsg and the like. */
  readonly header: readonly Piece[];
  readonly attributes: readonly Attribute[];
  /** Description of the message, in words that follow "while trying to". */
  readonly what: string;
}

export interface EncodedMessages {
  readonly bytes: Uint8Array;
  readonly holes: readonly { readonly name: string; readonly size: number; readonly offset: number }[];
}

export function attribute(type: number, ...value: readonly Piece[]): Attribute {
  return { type, value };
}

/** An attribute that contains attributes. */
export function nest(type: number, ...value: readonly Attribute[]): Attribute {
  return { type: type | NLA_F_NESTED, value };
}

export function hole(name: string, size: number): Hole {
  return { hole: name, size };
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

/**
 * In host byte order, as rtnetlink expects it, and nf_tables for the kernel's own numbers (marks, address types, states); both
 * supported architectures are little-endian.
 */
export function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

export function be16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

/** In network byte order, as nf_tables expects. */
export function be32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Adds the NUL that ends the kernel's string attributes. */
export function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`, 'latin1');
}

/** The messages one after another, as for one sendto(2), numbered from `firstSeq`. */
export function encodeMessages(messages: readonly NetlinkMessage[], firstSeq = 1): EncodedMessages {
  const writer = new Writer();
  messages.forEach((message, i) => writer.message(message, firstSeq + i));
  return writer.finish();
}

class Writer {
  #bytes = new Uint8Array(512);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #holes: { name: string; size: number; offset: number }[] = [];

  message({ type, flags, header, attributes }: NetlinkMessage, seq: number): void {
    const start = this.#reserve(NLMSG_HDRLEN);
    for (const piece of header) this.#piece(piece);
    this.#align();
    for (const item of attributes) this.#attribute(item);
    this.#view.setUint32(start, this.#length - start, true);
    this.#view.setUint16(start + 4, type, true);
    this.#view.setUint16(start + 6, flags | NLM_F_REQUEST, true);
    this.#view.setUint32(start + 8, seq, true);
  }

  finish(): EncodedMessages {
    return { bytes: this.#bytes.slice(0, this.#length), holes: this.#holes };
  }

  #attribute({ type, value }: Attribute): void {
    const start = this.#reserve(4);
    for (const item of value) {
      if ('type' in item) this.#attribute(item);
      else this.#piece(item);
    }
    // The length excludes the padding after the value.
    this.#view.setUint16(start, this.#length - start, true);
    this.#view.setUint16(start + 2, type, true);
    this.#align();
  }

  #piece(piece: Piece): void {
    if (piece instanceof Uint8Array) {
      const at = this.#reserve(piece.length);
      this.#bytes.set(piece, at);
    } else {
      this.#holes.push({ name: piece.hole, size: piece.size, offset: this.#reserve(piece.size) });
    }
  }

  #align(): void {
    this.#reserve(-this.#length & 3);
  }

  /** Reserves `size` zero bytes. Returns their offset. */
  #reserve(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
