import { once } from 'node:events';
import * as http2 from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { grpcRequest } from '../../stages/stage0/plan/grpc-request.ts';

export interface AskedForHealth {
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
  /** All that came back, up to the end of the answer. */
  readonly answer: Buffer;
}

/** Sends our request to Node's own HTTP/2 server, which is told how to answer. */
export async function askHealth(
  service: string,
  answer: (stream: http2.ServerHttp2Stream) => void,
): Promise<AskedForHealth> {
  const server = http2.createServer();
  const asked = new Promise<Omit<AskedForHealth, 'answer'>>((resolve) => {
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        answer(stream);
        resolve({ headers, body: Buffer.concat(chunks) });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const target = { kind: 'grpc', port: 8080, address: '127.0.0.1', hostName: 'localhost' } as const;
  socket.write(grpcRequest({ ...target, service }));
  const heard: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(chunk));
  const { headers, body } = await asked;
  while (!hasEnded(Buffer.concat(heard))) await once(socket, 'data');
  socket.destroy();
  server.close();
  return { headers, body, answer: Buffer.concat(heard) };
}

/** Whether the last of the frames is the end of a stream. */
function hasEnded(frames: Buffer): boolean {
  for (let at = 0; at + 9 <= frames.length; at += 9 + frames.readUIntBE(at, 3)) {
    const [type, flags] = [frames[at + 3]!, frames[at + 4]!];
    if (type <= 1 && (flags & 1) !== 0) return true;
  }
  return false;
}

/** A HealthCheckResponse with this status, and the code 0. */
export function answerWith(stream: http2.ServerHttp2Stream, status: number): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, status]));
}
