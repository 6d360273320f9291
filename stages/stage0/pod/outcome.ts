import { errnoMessage } from '../../linux/errno.ts';
import { signalName } from '../../linux/signals.ts';

/** The result of a try. The number with it is an errno, a time limit in ms, an exit code, a signal, a status, a code, a size or a type. */
export type ProbeOutcome =
  | 'ok'
  | 'errno'
  | 'timeout'
  | 'exit'
  | 'signal'
  | 'closed'
  | 'cut'
  | 'answer'
  | 'long'
  | 'status'
  | 'health'
  | 'grpc'
  | 'reset'
  | 'goaway'
  | 'http1'
  | 'tls'
  | 'size'
  | 'frame'
  | 'order'
  | 'headers'
  | 'flood'
  | 'not-grpc'
  | 'compressed'
  | 'message'
  | 'messages'
  | 'no-message'
  | 'no-code';

type Explain = (number: number, text: string) => string | null;

/** RFC 9113, section 11.4: by their numbers. */
const HTTP2_CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/** RFC 9113, section 11.2. */
const FRAMES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
];

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const GRPC_CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** HealthCheckResponse.ServingStatus of grpc.health.v1. */
const SERVING_STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** What the words of stages/stage1/outcome.c mean. */
const EXPLAIN: Readonly<Record<ProbeOutcome, Explain>> = {
  ok: () => null,
  errno: errnoMessage,
  timeout: (ms, text) => `timed out after ${duration(ms)}${text}`,
  exit: (code, text) => `exit code ${code}${text}`,
  signal: (number, text) => `killed by ${signalName(String(number)) ?? `signal ${number}`}${text}`,
  closed: () => 'the connection was closed without an answer',
  cut: () => 'the connection was closed before the end of the answer',
  answer: () => 'the answer is of another protocol',
  long: () => 'the answer is longer than 64 KB',
  status: (status) => `status ${status}`,
  health: (status) => `the status of the service is ${named(SERVING_STATUSES, status)}`,
  grpc: (code) => `grpc-status ${code}${GRPC_CODES[code] === undefined ? '' : ` ${GRPC_CODES[code]}`}`,
  reset: (code) => `the server reset the request: ${named(HTTP2_CODES, code >>> 0)}`,
  goaway: (code) => `the server closes the connection: ${named(HTTP2_CODES, code >>> 0)}`,
  http1: () => 'the server speaks HTTP/1, not HTTP/2',
  tls: () => 'the server expects TLS',
  size: (bytes) => `a frame of ${bytes} bytes, more than 16384`,
  frame: (type) => `an invalid frame: ${named(FRAMES, type)}`,
  order: (type) => `an unexpected frame: ${named(FRAMES, type)}`,
  headers: () => 'the header fields of the answer are invalid',
  flood: () => 'the server asks for replies and does not read them',
  'not-grpc': () => 'the answer is not gRPC',
  compressed: () => 'the answer is compressed',
  message: () => 'the answer is not a HealthCheckResponse',
  messages: () => 'the answer has more than one message',
  'no-message': () => 'the answer has no message',
  'no-code': () => 'the answer has no grpc-status',
};

/** Why a try failed; null when it did not fail. */
export function messageOf(tried: {
  readonly outcome: ProbeOutcome;
  readonly number: number;
  readonly text?: string;
}): string | null {
  const said = tried.text?.trim();
  const explain = EXPLAIN[tried.outcome] as Explain | undefined;
  // The init of another version may have other words.
  return explain ? explain(tried.number, said ? `: ${said}` : '') : tried.outcome;
}

function named(names: readonly string[], number: number): string {
  return names[number] ?? String(number);
}

function duration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
