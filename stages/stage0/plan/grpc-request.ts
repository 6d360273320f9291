// The gRPC health check (grpc.health.v1.Health/Check) as bytes: RFC 9113 with prior knowledge, RFC 7541 without compression. Init
// reads the answer (stages/stage1/http2.c). It stores no header fields, so the server must not refer to earlier ones.

import type { GrpcProbe } from '../manifest/spec.ts';
import { authority } from './http-request.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const SETTINGS_HEADER_TABLE_SIZE = 1;
const SETTINGS_ENABLE_PUSH = 2;
/** The first stream that a client opens. */
const STREAM = Uint8Array.of(0, 0, 0, 1);
/** Protocol buffers: field 1 of HealthCheckRequest, a string. */
const SERVICE = 0x0a;
/** RFC 7541, appendix A. */
const METHOD_POST = 0x83;
const SCHEME_HTTP = 0x86;
const NAME_AUTHORITY = 1;
const NAME_PATH = 4;
const NAME_CONTENT_TYPE = 31;
const NAME_USER_AGENT = 58;

export function grpcRequest({ service, hostName, port }: GrpcProbe): Uint8Array {
  return Buffer.concat([
    PREFACE,
    frame(SETTINGS, 0, Uint8Array.of(0, 0, 0, 0), settings([SETTINGS_HEADER_TABLE_SIZE, 0], [SETTINGS_ENABLE_PUSH, 0])),
    frame(HEADERS, END_HEADERS, STREAM, headerBlock(authority(hostName, port))),
    frame(DATA, END_STREAM, STREAM, message(checkRequest(service))),
  ]);
}

/** RFC 9113, 6.5.1. */
function settings(...pairs: readonly (readonly [name: number, value: number])[]): Uint8Array {
  const payload = Buffer.alloc(6 * pairs.length);
  pairs.forEach(([name, value], i) => payload.writeUInt32BE(value, payload.writeUInt16BE(name, 6 * i)));
  return payload;
}

/** RFC 9113, 4.1: length, type, flags, stream. */
function frame(type: number, flags: number, stream: Uint8Array, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUIntBE(payload.length, 0, 3);
  head.set([type, flags], 3);
  return Buffer.concat([head, stream, payload]);
}

/** gRPC over HTTP/2: a flag for "not compressed", then the length. */
function message(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function checkRequest(service: string): Uint8Array {
  const name = Buffer.from(service);
  return name.length === 0 ? name : Buffer.concat([Uint8Array.of(SERVICE), varint(name.length), name]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, rest);
}

function headerBlock(host: string): Buffer {
  return Buffer.concat([
    Uint8Array.of(METHOD_POST, SCHEME_HTTP),
    literal(NAME_PATH, '/grpc.health.v1.Health/Check'),
    literal(NAME_AUTHORITY, host),
    literal(NAME_CONTENT_TYPE, 'application/grpc'),
    literal(NAME_USER_AGENT, 'pod-probe'),
    literal('te', 'trailers'),
  ]);
}

/** RFC 7541, 6.2.2: without indexing. The name is an index in the static table or a literal. */
function literal(name: number | string, value: string): Buffer {
  const start = typeof name === 'number' ? integer(name, 4) : Buffer.concat([Uint8Array.of(0), text(name)]);
  return Buffer.concat([start, text(value)]);
}

/** RFC 7541, 5.2, without Huffman coding. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7), bytes]);
}

/** RFC 7541, 5.1. */
function integer(value: number, prefixBits: number): Uint8Array {
  const most = 2 ** prefixBits - 1;
  return value < most ? Uint8Array.of(value) : Uint8Array.of(most, ...varint(value - most));
}
