import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceManager } from '../../../../stages/stage0/cli/service-manager.ts';
import { NotifySocket } from '../../../harness/notify-socket.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();
let sockets = 0;

const newPath = (): string => `${scratch}/notify-${sockets++}`;

function managerAt(address: string, env: Readonly<Record<string, string>> = {}): ServiceManager {
  const fail = (failure: Error): void => assert.fail(failure);
  return ServiceManager.fromEnvironment({ NOTIFY_SOCKET: address, ...env }, fail)!;
}

test('without a manager there is none to tell', () => {
  assert.equal(ServiceManager.fromEnvironment({}), undefined);
  assert.equal(ServiceManager.fromEnvironment({ NOTIFY_SOCKET: '' }), undefined);
});

test('words reach a socket at a path and one with an abstract name, each as a datagram', () => {
  for (const address of [newPath(), `@pod-unit-${process.pid}`]) {
    using socket = new NotifySocket(address);
    const manager = managerAt(address);
    manager.ready('up');
    manager.status('two\nlines');
    manager.alive();
    manager.stopping('down');
    assert.deepEqual(
      [socket.receive(), socket.receive(), socket.receive(), socket.receive()],
      [['READY=1', 'STATUS=up'], ['STATUS=two; lines'], ['WATCHDOG=1'], ['STOPPING=1', 'STATUS=down']],
    );
  }
});

test('a reload says when it began, on the monotonic clock', () => {
  using socket = new NotifySocket(newPath());
  const before = process.hrtime.bigint() / 1000n;
  managerAt(socket.address).reloading('again');
  const [reloading, at, status] = socket.receive();
  assert.deepEqual([reloading, status], ['RELOADING=1', 'STATUS=again']);
  const usec = BigInt(/^MONOTONIC_USEC=(\d+)$/.exec(at!)![1]!);
  assert.ok(usec >= before && usec <= process.hrtime.bigint() / 1000n);
});

test('the address is taken out of the environment, for programs that we start are not the service', () => {
  const env: NodeJS.ProcessEnv = { NOTIFY_SOCKET: newPath(), OTHER: 'x' };
  ServiceManager.fromEnvironment(env);
  assert.deepEqual(env, { OTHER: 'x' });
});

test('the watchdog is ours when it names us or nobody', () => {
  const watchdogMs = (env: Readonly<Record<string, string>>): number | undefined =>
    managerAt(newPath(), env).watchdogMs;
  assert.equal(watchdogMs({}), undefined);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '0' }), undefined);
  assert.equal(watchdogMs({ WATCHDOG_USEC: 'x' }), undefined);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '3000000' }), 3000);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: `${process.pid}` }), 3000);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '1' }), undefined);
});

test('a manager that is not there, or not spoken to this way, is told of and no failure', () => {
  for (const address of [newPath(), 'vsock:2:1', 'relative', '/', `/${'x'.repeat(200)}`]) {
    const failures: Error[] = [];
    ServiceManager.fromEnvironment({ NOTIFY_SOCKET: address }, (failure) => failures.push(failure))!.ready('up');
    assert.equal(failures.length, 1, address);
    assert.ok(failures[0]!.message.includes(address));
  }
});

test('a manager that does not read is not waited for', () => {
  using socket = new NotifySocket(newPath());
  const failures: Error[] = [];
  const env = { NOTIFY_SOCKET: socket.address };
  const manager = ServiceManager.fromEnvironment(env, (failure) => failures.push(failure))!;
  // More than net.unix.max_dgram_qlen lets wait; it is never above some hundreds.
  for (let i = 0; i < 2000 && failures.length === 0; i++) manager.alive();
  assert.equal(failures.length, 1);
});
