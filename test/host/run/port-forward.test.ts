import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { run } from '../../../stages/stage0/index.ts';
import type { Pod } from '../../../stages/stage0/index.ts';
import { eventually } from '../../harness/eventually.ts';
import { cliEnvironment, commandLine, pod as cli } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { untilLogged } from '../stage1/pods.ts';
import { PodProcess } from './pod-process.ts';

const root = useTempRoot();
const HALF_MB = Buffer.alloc(512 * 1024, 'x');
const FLOOD_BYTES = 512 * HALF_MB.length;

/**
 * What listens in the pod, by port from a base, as the host's network has other users: it sends back what it gets and
 * says `bye` when that ends; the same on IPv6 only; a flood; how much of the flood is sent; it ends what it sends at once, then prints
 * what it gets; it answers with a reset.
 */
const SERVERS = `
const { createServer } = require('node:net');
const base = Number(process.argv[1]);
const chunk = Buffer.alloc(${HALF_MB.length}, 'x');
let sent = 0;
const flood = (socket) => {
  const more = () => {
    while (sent < ${FLOOD_BYTES}) {
      sent += chunk.length;
      if (!socket.write(chunk)) return socket.once('drain', more);
    }
    socket.end();
  };
  socket.on('error', () => {});
  more();
};
const servers = [
  ['127.0.0.1', (socket) => { socket.on('end', () => socket.end('bye')); socket.pipe(socket, { end: false }); }],
  ['::1', (socket) => socket.end('six')],
  ['127.0.0.1', flood],
  ['0.0.0.0', (socket) => socket.end(String(sent))],
  ['127.0.0.1', (socket) => { socket.end('first'); socket.on('data', (data) => console.log('late ' + data)); }],
  ['127.0.0.1', (socket) => socket.once('data', () => socket.resetAndDestroy())],
];
let left = servers.length;
servers.forEach(([host, serve], i) => {
  createServer({ allowHalfOpen: true }, serve).listen(base + i, host, () => { if (--left === 0) console.log('up'); });
});
process.on('SIGTERM', () => process.exit(0));
`;
const [ECHO, SIX, FLOOD, SENT, FIRST, RESET, NOBODY] = [0, 1, 2, 3, 4, 5, 6] as const;

async function startServers(name: string, mode: 'none' | 'bridge' | 'host', base: number): Promise<Pod> {
  const ports = [{ name: 'echo', port: base + ECHO }];
  const app = { name: 'main', image: 'host', exec: [process.execPath, '-e', SERVERS, String(base)], ports };
  const pod = await run(
    { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode }, apps: [app] },
    { root },
  );
  await untilLogged(root, pod, 'up');
  return pod;
}

class Forwarded implements AsyncDisposable {
  readonly process: PodProcess;
  readonly #base: number;
  readonly #sockets: Socket[] = [];
  /** All lines are there. */
  readonly ready: Promise<void>;

  constructor(
    name: string,
    base: number,
    services: readonly number[],
    words = services.map((one) => `0:${base + one}`),
  ) {
    this.#base = base;
    this.process = new PodProcess(root, ['port-forward', name, ...words]);
    this.ready = this.#untilLines(2 * services.length);
  }

  /** A connection to one of the servers, through the host's `address`. */
  async connect(service: number, address = '127.0.0.1'): Promise<Socket> {
    const shown = address.includes(':') ? `[${address}]` : address;
    await this.ready;
    const isWanted = (line: string): boolean =>
      line.startsWith(`forwarding ${shown}:`) && line.endsWith(`:${this.#base + service}`);
    const line = this.process.output.split('\n').find(isWanted);
    const port = Number(/:(\d+) →/.exec(line ?? '')?.[1]);
    const socket = connect({ host: address, port, allowHalfOpen: true });
    this.#sockets.push(socket);
    return socket;
  }

  async #untilLines(count: number): Promise<void> {
    const isReady = (): boolean => this.process.output.split('\n').length > count;
    const ended = this.process
      .ended()
      .then((code) => assert.ok(isReady(), `ended with ${code}: ${this.process.output}`));
    while (!isReady()) await Promise.race([once(this.process.child, 'output'), ended]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.process.signal('SIGINT');
    await this.process.ended();
  }
}

/** All that comes until the end, or the code of the error. */
async function read(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch (error) {
    return `${Buffer.concat(chunks).toString()}${(error as NodeJS.ErrnoException).code ?? ''}`;
  }
  return Buffer.concat(chunks).toString();
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.end(text);
  return read(socket);
}

for (const [mode, base] of [
  ['none', 80],
  ['bridge', 80],
  ['host', 28_310],
] as const) {
  test(`with the network ${mode}, what listens on a loopback address of the pod is reached from both of the host`, async () => {
    await using pod = await startServers(`in-${mode}`, mode, base);
    await using forwarded = new Forwarded(pod.name, base, [ECHO, SIX, NOBODY]);
    for (const address of ['127.0.0.1', '::1']) {
      assert.equal(await ask(await forwarded.connect(ECHO, address), 'hello '), 'hello bye');
      assert.equal(await read(await forwarded.connect(SIX, address)), 'six');
    }
    for (let i = 0; i < 3; i++) assert.equal(await read(await forwarded.connect(NOBODY)), 'ECONNRESET');
    const said = forwarded.process.output.split('\n').filter((line) => line.startsWith('connect to'));
    assert.deepEqual(said, [`connect to in-${mode}:${base + NOBODY}: ECONNREFUSED`], 'said once');
  });
}

test('each direction ends for itself, and a reset is one on the other side too', async () => {
  await using pod = await startServers('halves', 'none', 80);
  await using forwarded = new Forwarded('halves', 80, [FIRST, RESET]);
  const socket = await forwarded.connect(FIRST);
  assert.equal(await new Promise((resolve) => socket.on('data', (data) => resolve(String(data)))), 'first');
  await once(socket, 'end');
  socket.end('word');
  await untilLogged(root, pod, 'late word');
  assert.equal(await ask(await forwarded.connect(RESET), 'x'), 'ECONNRESET');
});

test('a client that does not read holds up its server, and not the forward', { timeout: 120_000 }, async () => {
  await using pod = await startServers('flood', 'none', 80);
  await using forwarded = new Forwarded(pod.name, 80, [FLOOD, SENT]);
  const flood = await forwarded.connect(FLOOD);
  flood.pause();
  let before = -1;
  const stalledAt = await eventually(async () => {
    const sent = Number(await read(await forwarded.connect(SENT)));
    const isStalled = sent > 0 && sent === before;
    before = sent;
    assert.ok(isStalled, `${sent} bytes, and more`);
    return sent;
  });
  assert.ok(stalledAt < FLOOD_BYTES / 2, `${stalledAt} bytes are on their way`);
  let got = 0;
  for await (const chunk of flood) got += (chunk as Buffer).length;
  assert.equal(got, FLOOD_BYTES);
  const peakKb = Number(
    /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${forwarded.process.child.pid}/status`, 'utf8'))![1],
  );
  assert.ok(peakKb * 1024 < FLOOD_BYTES, `${peakKb} KB`);
});

test(
  'a hundred connections at once are open until their clients end them, and start no process',
  { timeout: 120_000 },
  async () => {
    await using pod = await startServers('hundred', 'none', 80);
    await using forwarded = new Forwarded(pod.name, 80, [ECHO]);
    await forwarded.ready;
    const atRest = await descriptors(forwarded, 'socket:');
    const sockets = await Promise.all(Array.from({ length: 100 }, () => forwarded.connect(ECHO)));
    await Promise.all(
      sockets.map(async (socket, i) => {
        socket.write(`${i} `);
        assert.equal(String((await once(socket, 'data'))[0]), `${i} `);
      }),
    );
    assert.equal(await descriptors(forwarded, 'socket:'), atRest + 2 * 100);
    assert.deepEqual(new Set(await Promise.all(sockets.map((socket) => ask(socket, 'end ')))), new Set(['end bye']));
    await eventually(async () => assert.equal(await descriptors(forwarded, 'socket:'), atRest));
  },
);

async function descriptors({ process: { child } }: Forwarded, kind: string): Promise<number> {
  const { readdir, readlink } = await import('node:fs/promises');
  const dir = `/proc/${child.pid}/fd`;
  // One may be closed meanwhile.
  const links = await Promise.all((await readdir(dir)).map((fd) => readlink(`${dir}/${fd}`).catch(() => '')));
  return links.filter((link) => link.startsWith(kind)).length;
}

test('the end of the pod ends the forward with 1, when what it sent was passed on; ^C ends it with 0', async () => {
  await using pod = await startServers('ends', 'none', 80);
  const interrupted = new Forwarded('ends', 80, [ECHO]);
  const one = await interrupted.connect(ECHO);
  one.write('x');
  await once(one, 'data');
  one.on('error', () => undefined);
  interrupted.process.signal('SIGINT');
  assert.equal(await interrupted.process.ended(), 0);
  const forwarded = new Forwarded('ends', 80, [ECHO]);
  const two = await forwarded.connect(ECHO);
  two.write('last');
  await once(two, 'readable');
  await pod.stop();
  assert.equal(await forwarded.process.ended(), 1);
  assert.ok(forwarded.process.output.includes('forward to ends: the pod has ended'), forwarded.process.output);
  assert.equal(await read(two), 'last');
  const { exitCode, stderr } = await cli(['port-forward', 'ends', '0:80'], { root });
  assert.equal(exitCode, 1);
  assert.ok(stderr.includes('[pod/state]'), stderr);
});

test('a connection that fails inside ends no other, though nobody reads any more what is said about it', async () => {
  await using pod = await startServers('unread', 'none', 80);
  await using forwarded = new Forwarded(pod.name, 80, [ECHO, NOBODY]);
  const one = await forwarded.connect(ECHO);
  one.write('still ');
  await once(one, 'readable');
  const { stderr } = forwarded.process.child;
  stderr!.destroy();
  await once(stderr!, 'close');
  assert.equal(await read(await forwarded.connect(NOBODY)), 'ECONNRESET');
  assert.equal(await ask(one, 'here '), 'still here bye');
  assert.equal(forwarded.process.child.exitCode, null);
});

test('a port that is taken on either loopback address is an error, and so is a wrong command line', async () => {
  await using pod = await startServers('taken', 'none', 80);
  for (const address of ['127.0.0.1', '::1']) {
    const server = createServer().listen(0, address);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { exitCode, stderr } = await cli(['port-forward', pod.name, `${port}:80`], { root });
    server.close();
    assert.equal(exitCode, 1);
    assert.ok(stderr.includes('[network/port-taken]'), stderr);
  }
  for (const args of [[], ['taken'], ['taken', 'nameless'], ['taken', '0:80', 'web:1:2']]) {
    const { exitCode, stderr } = await cli(['port-forward', ...args], { root });
    assert.equal(exitCode, 2, stderr);
  }
});

test('a port has the name the manifest gives it, and without one of the host is the same there', async () => {
  await using pod = await startServers('named', 'none', 28_420);
  await using forwarded = new Forwarded(pod.name, 28_420, [ECHO], ['echo']);
  assert.equal(await ask(await forwarded.connect(ECHO), 'hello '), 'hello bye');
  assert.ok(forwarded.process.output.startsWith(`forwarding 127.0.0.1:${28_420 + ECHO} →`), forwarded.process.output);
});

test('a process that cannot go back from the namespace of the pod ends at once', async () => {
  await using pod = await startServers('barred', 'none', 80);
  // The first leads into the pod's network, the second back.
  const barred = ['-qq', '-o', '/dev/null', '-e', 'trace=setns', '-e', 'inject=setns:error=EPERM:when=2'];
  const child = spawn(
    'strace',
    [...barred, process.execPath, ...commandLine(['port-forward', pod.name, '0:80'], root)],
    {
      env: cliEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (said += text));
  while (!said.includes('→')) await once(child.stderr, 'data');
  const port = Number(/:(\d+) →/.exec(said)![1]);
  const client = connect(port, '127.0.0.1');
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  client.destroy();
  assert.deepEqual([code, signal], [null, 'SIGABRT'], said);
  assert.match(said, /go back to the host's namespaces: setns: .*EPERM/);
});
