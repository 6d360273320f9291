import { MANIFESTS } from '../../harness/paths.ts';

type Json = Readonly<Record<string, unknown>>;

/** A pod of one app on the host's image. */
export function podOf(name: string, exec: readonly string[], app: Json = {}, pod: Json = {}): object {
  return {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name },
    apps: [{ name: 'main', image: 'host', exec, ...app }],
    ...pod,
  };
}

export function shellPod(name: string, script: string, app: Json = {}, pod: Json = {}): object {
  return podOf(name, ['/bin/sh', '-ec', script], app, pod);
}

/** Answers every connection with its name. */
export function serverPod(name: string, port = 8080): object {
  const script = `require('node:net').createServer((s) => s.on('error', () => {}).end(${JSON.stringify(name)})).listen(${port}, '0.0.0.0')`;
  return podOf(name, ['/usr/bin/node', '-e', script], {
    probes: { ready: { tcp: { port, host: '127.0.0.1' }, period: '1s' } },
  });
}

/** What a pod hears from an address, or why it hears nothing; short where nothing must come. */
export function ask(host: string, port: number, seconds = 60): string[] {
  return ['/bin/bash', '-c', `timeout ${seconds} /bin/bash -c 'cat < /dev/tcp/${host}/${port}'; echo ":$?"`];
}

export const IMAGES: string = `${MANIFESTS}/images`;
