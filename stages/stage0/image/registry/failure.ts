import { PodError } from '../../error.ts';
import { printableText } from '../tar/fault.ts';
import type { Credentials } from './credentials.ts';
import { retryAfterMs } from './busy.ts';
import { type FailedRequest, readAll, type Reply, SilentServer } from './connection.ts';
import { apiHost, isLoopback, type RegistryName } from './name.ts';
import { ProxyFailure } from './proxy.ts';

const MOST_SAID_BYTES = 64 * 1024;
const PROXY_HINT = 'is HTTPS_PROXY right? NO_PROXY names the hosts that are reached without a proxy';

/** What went wrong between us and a server, as an error of the image. */
export function unreachable(what: string, name: RegistryName, error: unknown): unknown {
  if (error instanceof PodError || !(error instanceof Error)) return error;
  const { code = '', askedHost: host = apiHost(name) } = error as FailedRequest;
  // What has no code is a bug of ours, or the reason of a signal.
  if (code === '' || code === 'ABORT_ERR') return error;
  return new PodError('image/unreachable', `${what}: ${host}: ${reasonOf(error)}`, {
    hint:
      error instanceof ProxyFailure
        ? PROXY_HINT
        : hintFor(code, host, { message: error.message, certificates: name.host }),
    cause: error,
  });
}

/** Node puts several attempts, one for each address, into one error without a message. */
function reasonOf(error: Error): string {
  const all = error instanceof AggregateError ? error.errors.map((each: Error) => each.message) : [error.message];
  const [first = ''] = [...new Set(all)].join(', ').split('\n');
  return first === 'aborted' ? 'the connection broke off' : printableText(first);
}

interface Found {
  readonly message: string;
  /** Whose certificates were looked for. */
  readonly certificates: string;
}

function hintFor(code: string, host: string, { message, certificates }: Found): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `is "${host}" right, and does this host resolve names?`;
  if (code === 'EPROTO' && /wrong version number|packet length too long/i.test(message))
    return 'it does not speak TLS; pod does without only where a registry is on this machine itself (localhost, 127.0.0.0/8)';
  if (/CERT|SIGNATURE|ALTNAME/.test(code))
    return `if you trust it, put the certificate of its authority into /etc/containers/certs.d/${certificates}/ca.crt`;
  return 'is the registry running, and can this host reach it?';
}

/** True for what may be better in a moment. */
export function isPassing(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return error instanceof SilentServer || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'].includes(code ?? '');
}

export interface Asked {
  readonly what: string;
  readonly name: RegistryName;
  readonly credentials: Credentials | undefined;
}

/** A registry's answer that is none to our question. Reads what it says of the reason. */
export async function refusal({ what, name, credentials }: Asked, reply: Reply): Promise<PodError> {
  const { status } = reply;
  const said = await reasonIn(reply);
  const waitMs = retryAfterMs(reply);
  const patience = waitMs === undefined ? '' : ` (it may be asked again in ${Math.ceil(waitMs / 1000)} s)`;
  const found = `${reply.url.host} answers ${status}${said === '' ? '' : `, ${said}`}${patience}`;
  if (status === 401 || status === 403)
    return new PodError('image/denied', `${what}: ${found}`, { hint: credentialsHint(name, credentials) });
  if (status === 404) {
    return new PodError('image/reference', `${what}: ${found}`, { hint: absenceHint(name) });
  }
  if (status === 429)
    return new PodError('image/unreachable', `${what}: ${found}`, {
      hint: 'the registry limits how often it is asked: wait, or log in',
    });
  return new PodError('image/unreachable', `${what}: ${found}`, {
    hint: 'is it a registry? If it is, its log says more',
  });
}

function absenceHint({ host, repository, digest }: RegistryName): string {
  if (digest !== undefined)
    return 'is the name right? Registries remove what no tag stands for any more; a digest of pod.lock is renewed by pod lock --update';
  const flag = isLoopback(host) ? '--tls-verify=false ' : '';
  return `is the name right? skopeo list-tags ${flag}docker://${host}/${repository} lists its tags`;
}

function credentialsHint({ host, repository }: RegistryName, credentials: Credentials | undefined): string {
  if (credentials)
    return `the credentials are those of "${credentials.from}": are they right, and do they allow to pull ${repository}?`;
  return `is the name right? If it is, log in (podman login ${host}); pod reads what podman and docker keep`;
}

/** Of https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes; anything else is not quoted. */
async function reasonIn(reply: Reply): Promise<string> {
  try {
    const { errors } = JSON.parse((await readAll(reply, MOST_SAID_BYTES)).toString('utf8')) as {
      errors?: { code?: unknown; message?: unknown }[];
    };
    const first = errors?.[0];
    const text = [first?.code, first?.message].filter((each) => typeof each === 'string' && each !== '').join(': ');
    return printableText(text);
  } catch {
    // It gives no reason, or is cut off: its number is all there is to say.
    reply.body.destroy();
    return '';
  }
}
