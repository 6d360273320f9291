/** A port for each way to answer a gRPC health check; the script is for Node. */
export const PORTS = {
  health: 7101,
  split: 7102,
  bare: 7103,
  resets: 7104,
  leaves: 7105,
  old: 7106,
  silent: 7107,
  html: 7108,
  compressed: 7109,
  acknowledged: 7110,
  drips: 7111,
  pings: 7112,
  cut: 7113,
  encrypted: 7114,
  endless: 7115,
} as const;

/** Most are Node's own HTTP/2; where it would not do wrong, frames are written by hand. */
export const SERVER: string = `
const { createServer } = require('node:net');
const http2 = require('node:http2');
const serve = (port, answer) => http2.createServer().on('stream', (stream, headers) => {
  const chunks = [];
  stream.on('error', () => {});
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => answer(stream, Buffer.concat(chunks).subarray(7).toString(), headers));
}).on('sessionError', () => {}).listen(port, '127.0.0.1');
const gRPC = { ':status': 200, 'content-type': 'application/grpc' };
const begin = (stream) => {
  stream.respond(gRPC, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
};
const message = (status) => Buffer.from([0, 0, 0, 0, 2, 8, status]);
const STATUS = { '': 1, up: 1, down: 2, odd: 7 };
serve(${PORTS.health}, (stream, service, headers) => {
  if (headers[':path'] !== '/grpc.health.v1.Health/Check' || STATUS[service] === undefined)
    return stream.respond({ ...gRPC, 'grpc-status': '5', 'grpc-message': 'unknown' }, { endStream: true });
  begin(stream);
  stream.end(message(STATUS[service]));
});
serve(${PORTS.split}, (stream) => {
  begin(stream);
  const bytes = [...message(1)];
  const more = () => bytes.length > 0 ? stream.write(Buffer.from([bytes.shift()]), () => setTimeout(more, 5)) : stream.end();
  more();
});
serve(${PORTS.bare}, (stream) => stream.respond({ ...gRPC, 'grpc-status': '12' }, { endStream: true }));
serve(${PORTS.resets}, (stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
serve(${PORTS.leaves}, (stream) => stream.session.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 0));
serve(${PORTS.html}, (stream) => { stream.respond({ ':status': 200 }); stream.end('<!doctype html>'); });
serve(${PORTS.compressed}, (stream) => { begin(stream); stream.end(Buffer.from([1, 0, 0, 0, 2, 8, 1])); });
require('node:http').createServer((request, response) => response.end()).listen(${PORTS.old}, '127.0.0.1');
const raw = (port, speak) => createServer((socket) => speak(socket.setNoDelay(true).on('error', () => {}))).listen(port, '127.0.0.1');
const frame = (type, flags, stream, payload = []) => Buffer.from([0, payload.length >> 8, payload.length & 255, type, flags, 0, 0, 0, stream, ...payload]);
const settings = frame(4, 0, 0);
const field = (name, value) => [0, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)];
const answer = [frame(1, 4, 1, [0x88]), frame(0, 0, 1, message(1)), frame(1, 5, 1, field('grpc-status', '0'))];
// What OpenSSL says to one who does not speak TLS: a fatal alert.
raw(${PORTS.encrypted}, (socket) => socket.once('data', () => socket.end(Buffer.from([21, 3, 1, 0, 2, 2, 70]))));
raw(${PORTS.silent}, (socket) => socket.resume());
raw(${PORTS.cut}, (socket) => socket.once('data', () => socket.end(Buffer.concat([settings, ...answer.slice(0, 2)]))));
// Speaks when spoken to, and answers when its SETTINGS and its PING have been acknowledged, each after it was sent.
raw(${PORTS.acknowledged}, (socket) => {
  let heard = Buffer.alloc(0);
  let step = 0;
  const steps = [
    [Buffer.from('PRI * HTTP/2.0'), [settings]],
    [frame(4, 1, 0), [frame(6, 0, 0, [...Buffer.from('pingpong')])]],
    [frame(6, 1, 0, [...Buffer.from('pingpong')]), answer],
  ];
  socket.on('data', (chunk) => {
    heard = Buffer.concat([heard, chunk]);
    if (step < steps.length && heard.includes(steps[step][0])) {
      heard = Buffer.alloc(0);
      socket.write(Buffer.concat(steps[step++][1]));
    }
  });
});
raw(${PORTS.drips}, (socket) => {
  const bytes = [...Buffer.concat([settings, ...Array(1000).fill(frame(99, 0, 0, [1, 2, 3]))])];
  const timer = setInterval(() => socket.write(Buffer.from([bytes.shift()])), 20);
  socket.resume().on('close', () => clearInterval(timer));
});
// Asks without end, and reads nothing.
raw(${PORTS.pings}, (socket) => socket.write(Buffer.concat([settings, ...Array(3000).fill(frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]))])));
raw(${PORTS.endless}, (socket) => {
  socket.write(settings);
  const timer = setInterval(() => socket.write(frame(99, 0, 0, Buffer.alloc(9000))), 1);
  socket.resume().on('close', () => clearInterval(timer));
});
console.log('listening');
`;
