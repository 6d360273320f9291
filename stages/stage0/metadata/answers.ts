import type { ANSWER_KINDS } from '../../tape/format.ts';
import { sym, type Text } from '../../tape/program.ts';
import { annotationsOf, mergeAnnotations } from './appc.ts';
import { projectImage } from './project-image.ts';
import { projectPod, type ServedApp } from './project-pod.ts';
import type { PodSpec } from '../manifest/spec.ts';

export type AnswerKind = (typeof ANSWER_KINDS)[number];

export interface Answer {
  readonly kind: AnswerKind;
  /** Below the pod's own URL; empty for what is answered when no path is. */
  readonly path: string;
  readonly head: string;
  readonly body: Text;
}

const JSON_TYPE = 'application/json';
/** As the specification writes it. */
const TEXT_TYPE = 'text/plain; charset=us-ascii';
/** Base64 of the 64 bytes of an HMAC. */
const SIGNATURE_LENGTH = 88;
const UUID_LENGTH = 36;
const POD = '/acMetadata/v1/pod';

function head(status: string, type: string | undefined, length: number, more: readonly string[] = []): string {
  const lines = [
    `HTTP/1.1 ${status}`,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    `Content-Length: ${length}`,
    // One request a connection.
    'Connection: close',
    ...more,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function json(path: string, value: unknown): Answer {
  const body = JSON.stringify(value);
  return { kind: 'get', path, head: head('200 OK', JSON_TYPE, Buffer.byteLength(body)), body };
}

function plain(path: string, body: Text, length: number): Answer {
  return { kind: 'get', path, head: head('200 OK', TEXT_TYPE, length), body };
}

function trouble(kind: AnswerKind, status: string, more: readonly string[] = []): Answer {
  const body = status.slice(4).toLowerCase();
  return { kind, path: '', head: head(status, TEXT_TYPE, body.length, more), body };
}

/** An empty list of annotations is null: it is what Go makes of one, and what clients of rkt's service expect. */
function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

/** Everything the service says, word for word. */
export function answersOf(spec: PodSpec, apps: readonly ServedApp[]): Answer[] {
  return [
    json(`${POD}/annotations`, orNull(annotationsOf(spec.annotations))),
    json(`${POD}/manifest`, projectPod(spec, apps)),
    plain(`${POD}/uuid`, [sym('uuid')], UUID_LENGTH),
    ...apps.flatMap(answersOfApp),
    { kind: 'sign', path: `${POD}/hmac/sign`, head: head('200 OK', TEXT_TYPE, SIGNATURE_LENGTH), body: '' },
    { kind: 'verify', path: `${POD}/hmac/verify`, head: head('200 OK', undefined, 0), body: '' },
    { kind: 'continue', path: '', head: 'HTTP/1.1 100 Continue\r\n\r\n', body: '' },
    trouble('malformed', '400 Bad Request'),
    trouble('forbidden', '403 Forbidden'),
    trouble('unknown', '404 Not Found'),
    trouble('not-get', '405 Method Not Allowed', ['Allow: GET, HEAD']),
    trouble('not-post', '405 Method Not Allowed', ['Allow: POST']),
    trouble('no-length', '411 Length Required'),
    trouble('too-large', '413 Content Too Large'),
  ];
}

function answersOfApp({ spec, image }: ServedApp): Answer[] {
  const base = `/acMetadata/v1/apps/${spec.name}`;
  const merged = mergeAnnotations(annotationsOf(image.config.labels), annotationsOf(spec.annotations));
  return [
    json(`${base}/annotations`, orNull(merged)),
    json(`${base}/image/manifest`, projectImage(image)),
    plain(`${base}/image/id`, image.id, image.id.length),
  ];
}
