import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * What runs in a test's network namespace: answers every TCP connection and every UDP datagram on port 80 with the peer's
 * address, and connects where it is told to.
 */
const SCRIPT = `
const net = require('node:net'), dgram = require('node:dgram');
const strip = (address) => String(address).replace('::ffff:', '');
const tcp = net.createServer((socket) => socket.on('error', () => {}).end(strip(socket.remoteAddress)));
const udp = dgram.createSocket('udp6');
udp.on('message', (_, from) => udp.send(strip(from.address), from.port, from.address));
const answer = (value) => console.log(JSON.stringify(value));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { host, port, timeoutMs, protocol, localAddress, localPort } = JSON.parse(line);
  if (protocol === 'udp') {
    const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const done = (value) => { clearTimeout(timer); clearInterval(sending); socket.close(); answer(value); };
    const timer = setTimeout(() => done('ETIMEDOUT'), timeoutMs);
    let sending;
    socket.on('message', (data) => done(String(data)));
    // Nobody but the sender makes up for a datagram that is lost.
    const send = () => socket.send('hello', port, host);
    socket.bind(localPort ?? 0, () => { send(); sending = setInterval(send, 500); });
    return;
  }
  let text = '';
  const socket = net.connect({ host, port, ...(localAddress && { localAddress }) });
  const done = (value) => { clearTimeout(timer); socket.destroy(); answer(value); };
  const timer = setTimeout(() => done('ETIMEDOUT'), timeoutMs);
  socket.on('data', (data) => { text += data; }).on('end', () => done(text)).on('error', (error) => done(error.code));
}).on('close', () => process.exit(0));
tcp.listen(80, '::', () => udp.bind(80, '::', () => console.log('ready')));
`;

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly protocol?: 'tcp' | 'udp';
  readonly localAddress?: string;
  /** Of UDP only. */
  readonly localPort?: number;
  /** Short where the answer must not come; where it must, nothing but a hang takes as long as the default. */
  readonly timeoutMs?: number;
}

/** A process in a network namespace; one question at a time. */
export class Agent {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout! })[Symbol.asyncIterator]();
  }

  /** `enter` is the command that runs a program in the namespace, such as `unshare -n`. */
  static async start(enter: readonly string[]): Promise<Agent> {
    const [command, ...args] = [...enter, process.execPath, '-e', SCRIPT];
    const env = { PATH: process.env['PATH'] ?? '' };
    const agent = new Agent(spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'], env }));
    await agent.#lines.next();
    return agent;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The peer address the other side saw, or the error's code. */
  async connect(target: Target): Promise<string> {
    this.#process.stdin!.write(`${JSON.stringify({ timeoutMs: 60_000, ...target })}\n`);
    const line = await this.#lines.next();
    return JSON.parse(line.value as string) as string;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    await new Promise((resolve) => {
      this.#process.once('exit', resolve);
      this.#process.kill('SIGKILL');
    });
  }
}
