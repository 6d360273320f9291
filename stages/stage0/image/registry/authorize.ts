// https://distribution.github.io/distribution/spec/auth/token/ and …/spec/auth/oauth/

import { PodError } from '../../error.ts';
import { BusyServer, isBusy } from './busy.ts';
import type { Challenge } from './challenge.ts';
import { type Connection, readAll, type Reply } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { type Asked, refusal } from './failure.ts';
import { isLoopback } from './name.ts';

const MOST_TOKEN_BYTES = 1024 * 1024;
const NOT_A_HEADER = /[^\x21-\x7e]/;

type Login = Extract<Credentials, { readonly user: string }>;

interface Request extends Asked {
  /** What asked for proof. */
  readonly at: URL;
}

/** False when there is nothing to answer with. */
export function canAnswer({ scheme }: Challenge, credentials: Credentials | undefined): boolean {
  return scheme === 'bearer' || (credentials !== undefined && 'user' in credentials);
}

/** What to put into `Authorization`, for a challenge that can be answered. Throws a `BusyServer` when the token server is busy. */
export async function authorize(challenge: Challenge, request: Request, connection: Connection): Promise<string> {
  const { credentials, what } = request;
  if (challenge.scheme === 'basic') return basic(credentials as Login);
  const realm = realmOf(challenge.realm, request);
  const { service } = challenge;
  const scope = `repository:${request.name.repository}:pull`;
  const reply = await (credentials && 'refreshToken' in credentials
    ? refresh(realm, { service, scope, token: credentials.refreshToken }, connection)
    : ask(realm, { service, scope, credentials }, connection));
  if (isBusy(reply)) throw new BusyServer(reply);
  if (reply.status !== 200) throw await refusal(request, reply);
  return `Bearer ${tokenIn(await readAll(reply, MOST_TOKEN_BYTES), `${what}: ${realm.host}`)}`;
}

/** Passwords go there: only where nobody listens. */
function realmOf(text: string, { what, at }: Request): URL {
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = realm?.protocol === 'http:' && at.protocol === 'http:' && isLoopback(realm.host);
  if (realm?.protocol === 'https:' || isLocal) return realm!;
  throw new PodError(
    'image/unreachable',
    `${what}: ${at.host} asks to log in at ${JSON.stringify(text.slice(0, 200))}`,
    {
      hint: 'pod shows credentials to https: only',
    },
  );
}

function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

interface Wanted {
  readonly service: string | undefined;
  readonly scope: string;
}

function ask(
  realm: URL,
  { service, scope, credentials }: Wanted & { readonly credentials: Credentials | undefined },
  connection: Connection,
): Promise<Reply> {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const headers = credentials && 'user' in credentials ? { authorization: basic(credentials) } : {};
  return connection.send(url, { headers });
}

function refresh(
  realm: URL,
  { service, scope, token }: Wanted & { readonly token: string },
  connection: Connection,
): Promise<Reply> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    service: service ?? realm.host,
    client_id: 'pod',
    scope,
    refresh_token: token,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return connection.send(realm, { method: 'POST', headers, body: body.toString() });
}

function parseToken(text: string): unknown {
  try {
    const said = JSON.parse(text) as { token?: unknown; access_token?: unknown } | null;
    return said?.token || said?.access_token;
  } catch {
    // Not quoted: it may hold a secret.
    return undefined;
  }
}

/** A token that would end the header and begin another is none. */
function tokenIn(bytes: Buffer, where: string): string {
  const token = parseToken(bytes.toString('utf8'));
  if (typeof token === 'string' && token !== '' && !NOT_A_HEADER.test(token)) return token;
  throw new PodError('image/unreachable', `${where}: its answer holds no token`, { hint: 'is it a registry?' });
}
