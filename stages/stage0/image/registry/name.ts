import { PodError } from '../../error.ts';

/** An image of a registry. Without a digest, the tag says which: `latest` when the reference has none. */
export interface RegistryName {
  /** Lower case, with a port if there is one. */
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest?: string;
}

/** Docker Hub's name in references, and the host that answers for it. */
const HUB = 'docker.io';
const HUB_API = 'registry-1.docker.io';
const MOST_NAME_CHARACTERS = 255;

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Parses what follows `docker://`: `HOST/REPO[:TAG][@sha256:…]`. The grammar is that of
 * https://github.com/distribution/reference, except that the host cannot be left out.
 */
export function parseRegistryName(rest: string, ref: string): RegistryName {
  const [beforeDigest, ...digests] = rest.split('@');
  const slash = beforeDigest!.indexOf('/');
  const writtenHost = beforeDigest!.slice(0, Math.max(slash, 0)).toLowerCase();
  const host = writtenHost === `index.${HUB}` ? HUB : writtenHost;
  const path = beforeDigest!.slice(slash + 1);
  const colon = path.indexOf(':');
  const written = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? 'latest' : path.slice(colon + 1);
  const fault = faultOf({ host, written, tag, digests });
  if (fault !== undefined) {
    throw new PodError('image/reference', `resolve image "${ref}": ${fault}`, {
      hint: 'write docker://HOST/REPO:TAG, as in docker://docker.io/library/nginx:1.27',
    });
  }
  const repository = host === HUB && !written.includes('/') ? `library/${written}` : written;
  return { host, repository, tag, ...(digests[0] === undefined ? {} : { digest: digests[0] }) };
}

interface Parts {
  readonly host: string;
  readonly written: string;
  readonly tag: string;
  readonly digests: readonly string[];
}

function faultOf({ host, written, tag, digests }: Parts): string | undefined {
  const port = Number(/:([0-9]+)$/.exec(host)?.[1] ?? 1);
  // What looks like an IPv4 address and is none is no name either.
  if (!HOST.test(host) || port < 1 || port > 65_535 || !URL.canParse(`https://${host}`))
    return 'it names no registry host';
  if (!written.split('/').every((component) => COMPONENT.test(component)))
    return `"${written}" is not a repository: lower case letters and digits, separated by "/", ".", "_" and "-"`;
  if (host.length + written.length > MOST_NAME_CHARACTERS) return `longer than ${MOST_NAME_CHARACTERS} characters`;
  if (!TAG.test(tag)) return `"${tag}" is not a tag`;
  if (digests.length > 1 || (digests[0] !== undefined && !DIGEST.test(digests[0])))
    return `"@${digests.join('@')}" is not a sha256 digest of 64 lower case hexadecimal digits`;
  return undefined;
}

/** One way to write it; the digest, when there is one, says all that the tag does. */
export function canonicalName({ host, repository, tag, digest }: RegistryName): string {
  return digest === undefined ? `docker://${host}/${repository}:${tag}` : `docker://${host}/${repository}@${digest}`;
}

/** The host, with port, that serves the API for it. */
export function apiHost({ host }: RegistryName): string {
  return host === HUB ? HUB_API : host;
}

/** This machine itself: nobody is between it and us, so it may do without TLS. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(name);
}
