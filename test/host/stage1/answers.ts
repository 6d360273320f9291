/** A port for each way to answer badly; the script is for Node. */
export const PORTS = {
  silent: 7001,
  closes: 7002,
  drips: 7003,
  floods: 7004,
  endless: 7005,
  ssh: 7006,
  unavailable: 7007,
  echoes: 7008,
  redirects: 7009,
  refuses: 7010,
  half: 7011,
  hints: 7012,
  parts: 7013,
  early: 7014,
  switches: 7015,
  hinting: 7016,
  digits: 7017,
  version: 7018,
  bare: 7019,
  encrypted: 7022,
} as const;

export const SERVER: string = `
const on = (port, serve) => require('node:net').createServer((socket) => {
  socket.on('error', () => {});
  serve(socket);
}).listen(port, '127.0.0.1');
const pour = (socket, done) => {
  const chunk = Buffer.alloc(65536, 'x');
  const more = () => { while (!socket.destroyed && socket.bytesWritten < 1e9 && socket.write(chunk)); };
  socket.on('drain', more).on('close', () => done(socket.bytesWritten));
  more();
};
const status = (socket, line) => socket.once('data', () => socket.end('HTTP/1.1 ' + line + '\\r\\nContent-Length: 0\\r\\n\\r\\n'));
on(${PORTS.silent}, () => {});
on(${PORTS.closes}, (socket) => socket.once('data', () => socket.end()));
on(${PORTS.drips}, (socket) => {
  let left = 'HTTP/1.1 200 OK\\r\\n\\r\\n';
  const timer = setInterval(() => { socket.write(left[0]); left = left.slice(1) || 'x'; }, 50);
  socket.on('close', () => clearInterval(timer));
});
on(${PORTS.floods}, (socket) => pour(socket, () => {}));
on(${PORTS.endless}, (socket) => {
  socket.write('HTTP/1.1 200 OK\\r\\n\\r\\n');
  pour(socket, (bytes) => console.log('poured ' + bytes));
});
on(${PORTS.ssh}, (socket) => socket.write('SSH-2.0-x\\r\\n'));
on(${PORTS.unavailable}, (socket) => status(socket, '503 Service Unavailable'));
on(${PORTS.echoes}, (socket) => socket.pipe(socket));
on(${PORTS.redirects}, (socket) => status(socket, '302 Found'));
on(${PORTS.half}, (socket) => socket.once('data', () => socket.end('HTTP/1.')));
const HINTS = 'HTTP/1.1 100 Continue\\r\\n\\r\\nHTTP/1.1 103 Early Hints\\r\\nLink: </a\\nb>\\r\\n\\r\\n';
on(${PORTS.hints}, (socket) => status(socket, '204 No Content'.replace(/^/, HINTS.slice(9) + 'HTTP/1.1 ')));
on(${PORTS.parts}, (socket) => {
  const text = HINTS + 'HTTP/1.1 200 OK\\r\\n\\r\\n';
  let at = 0;
  const timer = setInterval(() => at < text.length ? socket.write(text[at++]) : socket.end(), 1);
  socket.setNoDelay(true).on('close', () => clearInterval(timer));
});
on(${PORTS.early}, (socket) => status(socket, '503 Service Unavailable'.replace(/^/, HINTS.slice(9) + 'HTTP/1.1 ')));
on(${PORTS.switches}, (socket) => status(socket, '101 Switching Protocols'));
on(${PORTS.hinting}, (socket) => { socket.write(HINTS.repeat(2000)); });
on(${PORTS.digits}, (socket) => status(socket, '2000 OK'));
on(${PORTS.version}, (socket) => socket.once('data', () => socket.end('HTTP/1.x 200 OK\\r\\n\\r\\n')));
on(${PORTS.bare}, (socket) => socket.once('data', () => socket.end('HTTP/1.0 100\\n\\nHTTP/1.0 200\\r\\n\\r\\n')));
on(${PORTS.encrypted}, (socket) => socket.once('data', () => socket.end(Buffer.from([21, 3, 1, 0, 2, 2, 70]))));
console.log('listening');
`;
