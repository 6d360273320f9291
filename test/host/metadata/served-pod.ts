import { type Pod, run } from '../../../stages/stage0/index.ts';

export interface Answered {
  /** All that came until the connection ended. */
  readonly text: string;
  readonly ms: number;
  /** The connection was not ended but cut off. */
  readonly error?: string;
}

/** A pod with a metadata service whose app, on the host's image, waits to be killed. */
export function startServed(root: string, name: string, fields: object = {}, app: object = {}): Promise<Pod> {
  const main = { name: 'main', image: 'host', exec: ['/bin/sleep', '1000'], stop: { signal: 'SIGKILL' }, ...app };
  const head = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: 'none' } };
  return run({ ...head, metadataService: true, apps: [main], ...fields }, { root });
}

/** Runs in the pod: `requests` one after another, each on a connection of its own. `$URL` is the path with the token. */
const CLIENT = `
const { connect } = require('node:net');
const url = new URL(process.env.AC_METADATA_URL);
async function ask(request) {
  const began = process.hrtime.bigint();
  const socket = connect(Number(url.port), url.hostname);
  const text = request.replaceAll('$URL', url.pathname).replaceAll('$BIG', 'x'.repeat(1 << 20));
  let error;
  socket.on('error', ({ code }) => (error = code));
  socket.write(Buffer.from(text, 'latin1'));
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.on('close', resolve));
  return { error, text: Buffer.concat(chunks).toString(), ms: Number(process.hrtime.bigint() - began) / 1e6 };
}
(async () => {
  const answers = [];
  for (const request of JSON.parse(require('node:fs').readFileSync(0, 'utf8'))) answers.push(await ask(request));
  process.stdout.write(JSON.stringify(answers));
})();
`;

export async function ask(pod: Pod, requests: readonly string[]): Promise<Answered[]> {
  return JSON.parse(await inPod(pod, CLIENT, JSON.stringify(requests))) as Answered[];
}

/** A script for Node, in the pod. */
export async function inPod(pod: Pod, script: string, input = ''): Promise<string> {
  const wrapped = `printf %s "$INPUT" | node -e "$SCRIPT"`;
  const result = await pod.exec(['/bin/sh', '-c', wrapped], { env: { SCRIPT: script, INPUT: input } });
  if (result.exitCode !== 0) throw new Error(`in the pod: exit ${result.exitCode}\n${result.stderr}`);
  return result.stdout;
}

export function get(path: string): string {
  return `GET $URL/acMetadata/v1/${path} HTTP/1.1\r\nHost: pod\r\n\r\n`;
}

export function post(path: string, fields: Readonly<Record<string, string>>): string {
  return postBody(path, new URLSearchParams(fields).toString());
}

export function postBody(path: string, body: string): string {
  const type = 'Content-Type: application/x-www-form-urlencoded';
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return `POST $URL/acMetadata/v1/${path} HTTP/1.1\r\nHost: pod\r\n${type}\r\n${length}\r\n\r\n${body}`;
}

/** The status, and what follows the head. */
export function parts(answer: Answered | undefined): { readonly status: number; readonly body: string } {
  const text = answer?.text ?? '';
  const end = text.indexOf('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]), body: text.slice(end + 4) };
}

export async function sign(pod: Pod, content: string): Promise<string> {
  const [answer] = await ask(pod, [post('pod/hmac/sign', { content })]);
  return parts(answer).body;
}

export async function verify(pod: Pod, fields: Readonly<Record<string, string>>): Promise<number> {
  const [answer] = await ask(pod, [post('pod/hmac/verify', fields)]);
  return parts(answer).status;
}
