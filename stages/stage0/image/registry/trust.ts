import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import type { SecureContextOptions } from 'node:tls';
import { PodError } from '../../error.ts';
import type { RegistryName } from './name.ts';

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

export interface Trust {
  /** Whom to believe. */
  readonly whom: SecureContextOptions;
  /** What proves who we are. */
  readonly us: SecureContextOptions;
}

/**
 * Whom to believe about a registry, and what to show it: the system's certificates, those of `SSL_CERT_FILE` in their place, and
 * in `certs.d/HOST[:PORT]` certificates of further authorities (`*.crt`) and of clients (`*.cert` with a `*.key`).
 */
export function trustFor({ host }: Pick<RegistryName, 'host'>, env: NodeJS.ProcessEnv = process.env): Trust {
  const bundle = env['SSL_CERT_FILE'] ?? SYSTEM_BUNDLES.find((path) => existsSync(path));
  const extra = env['NODE_EXTRA_CA_CERTS'];
  const dir = certificateDirs(host, env).find((path) => existsSync(path));
  const names = dir === undefined ? [] : list(dir).toSorted();
  const authorities = names.filter((name) => name.endsWith('.crt')).map((name) => `${dir}/${name}`);
  const client = names.find((name) => name.endsWith('.cert'))?.slice(0, -'.cert'.length);
  const paths = [bundle, extra, ...authorities].filter((path) => path !== undefined && path !== '');
  return {
    // Without any, Node's own.
    whom: paths.length === 0 ? {} : { ca: paths.map((path) => read(path!)) },
    us: client === undefined ? {} : { cert: read(`${dir}/${client}.cert`), key: read(`${dir}/${client}.key`) },
  };
}

function list(dir: string): string[] {
  return guarded(dir, () => readdirSync(dir));
}

function read(path: string): Buffer {
  return guarded(path, () => readFileSync(path));
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new PodError('image/unreachable', `read certificates from "${path}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}
