import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import type { SecureContextOptions } from 'node:tls';
import { PodError } from '../../error.ts';

/** The certificates that a system trusts: Debian, Fedora, openSUSE, Alpine. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Where users of other container tools keep the certificates of registries: containers-certs.d(5). */
function certificateDirs(host: string, env: NodeJS.ProcessEnv): string[] {
  const config = env['XDG_CONFIG_HOME'] ?? `${env['HOME'] ?? homedir()}/.config`;
  return [`${config}/containers`, '/etc/containers', '/etc/docker'].map((dir) => `${dir}/certs.d/${host}`);
}

/**
 * Whom to believe about a registry, and what to show it: the system's certificates, those of `SSL_CERT_FILE` in their place, and
 * in `certs.d/HOST[:PORT]` certificates of further authorities (`*.crt`) and of clients (`*.cert` with a `*.key`).
 */
export function trustFor(host: string, env: NodeJS.ProcessEnv = process.env): SecureContextOptions {
  const bundle = env['SSL_CERT_FILE'] ?? SYSTEM_BUNDLES.find((path) => existsSync(path));
  const extra = env['NODE_EXTRA_CA_CERTS'];
  const dir = certificateDirs(host, env).find((path) => existsSync(path));
  const names = dir === undefined ? [] : readdirSync(dir).toSorted();
  const authorities = names.filter((name) => name.endsWith('.crt')).map((name) => `${dir}/${name}`);
  const client = names.find((name) => name.endsWith('.cert'))?.slice(0, -'.cert'.length);
  const paths = [bundle, extra, ...authorities].filter((path) => path !== undefined && path !== '');
  return {
    // Without any, Node's own.
    ...(paths.length === 0 ? {} : { ca: paths.map((path) => read(path!)) }),
    ...(client === undefined ? {} : { cert: read(`${dir}/${client}.cert`), key: read(`${dir}/${client}.key`) }),
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PodError('image/unreachable', `read the certificate "${path}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}
