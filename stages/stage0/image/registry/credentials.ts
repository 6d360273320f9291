import { homedir } from 'node:os';
import { PodError } from '../../error.ts';
import { type JsonObject, objectOf, stringOf } from '../json.ts';
import { malformed, readAuthFile } from './auth-file.ts';
import type { RegistryName } from './name.ts';

export type Credentials =
  | { readonly user: string; readonly password: string; readonly from: string }
  /** OAuth's refresh token: what `docker login` keeps of a registry that gives one. */
  | { readonly refreshToken: string; readonly from: string };

/** Docker's name of its hub, older than the hub's host. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HELPER_LIMIT_MS = 30_000;

/** Where podman and docker keep what `login` was told, the first that has something counts: containers-auth.json(5). */
function files(env: NodeJS.ProcessEnv): string[] {
  const home = env['HOME'] ?? homedir();
  const chosen = env['REGISTRY_AUTH_FILE'];
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(chosen === undefined ? [] : [chosen]),
    runtime === undefined ? `/run/containers/${process.getuid!()}/auth.json` : `${runtime}/containers/auth.json`,
    `${env['XDG_CONFIG_HOME'] ?? `${home}/.config`}/containers/auth.json`,
    `${env['DOCKER_CONFIG'] ?? `${home}/.docker`}/config.json`,
  ];
}

/** Undefined when no file and no helper has any for the image. */
export async function credentialsFor(
  name: RegistryName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Credentials | undefined> {
  for (const path of files(env)) {
    const found = await fromFile(path, name);
    if (found) return found;
  }
  return undefined;
}

async function fromFile(path: string, name: RegistryName): Promise<Credentials | undefined> {
  const file = readAuthFile(path);
  if (file === undefined) return undefined;
  try {
    return (
      (await fromHelper(file, name, { path, isOfHost: true })) ??
      fromEntries(file, name, path) ??
      (await fromHelper(file, name, { path, isOfHost: false }))
    );
  } catch (error) {
    // What reads images reads these objects too, and takes them for parts of one.
    if (error instanceof PodError && error.code === 'image/corrupt') throw malformed(path, 'not as login writes it');
    throw error;
  }
}

/** The most specific first: host/team/repo, host/team, host. */
function keysFor({ host, repository }: RegistryName): string[] {
  const parts = [host, ...repository.split('/')];
  const paths = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return host === 'docker.io' ? [...paths, 'index.docker.io', HUB_KEY] : paths;
}

/** Of keys as old versions of docker wrote them: https://HOST/v1/. */
function hostOf(key: string): string | undefined {
  return /^https?:\/\/([^/]+)/.exec(key)?.[1];
}

function fromEntries(file: JsonObject, name: RegistryName, path: string): Credentials | undefined {
  const entries = objectOf(file['auths'], `"${path}", "auths"`);
  const key =
    keysFor(name).find((each) => Object.hasOwn(entries, each)) ??
    Object.keys(entries).find((each) => hostOf(each) === name.host);
  if (key === undefined) return undefined;
  const entry = objectOf(entries[key], `"${path}", "${key}"`);
  const refreshToken = stringOf(entry['identitytoken'], `"${path}", "identitytoken"`);
  if (refreshToken !== undefined) return { refreshToken, from: path };
  const auth = stringOf(entry['auth'], `"${path}", "auth"`);
  // An entry without them says that a helper has them.
  if (auth === undefined) return undefined;
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw malformed(path, `"auth" of "${key}" is not the base64 of USER:PASSWORD`);
  return { user: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, ''), from: path };
}

/** Programs that keep passwords elsewhere; one for the host alone counts more than what is in the file: https://github.com/docker/docker-credential-helpers */
async function fromHelper(
  file: JsonObject,
  { host }: RegistryName,
  { path, isOfHost }: { readonly path: string; readonly isOfHost: boolean },
): Promise<Credentials | undefined> {
  const key = host === 'docker.io' ? HUB_KEY : host;
  const helpers = objectOf(file['credHelpers'], `"${path}", "credHelpers"`);
  const own = stringOf(helpers[host] ?? helpers[key], `"${path}", "credHelpers"`);
  const helper = isOfHost
    ? own
    : own === undefined
      ? stringOf(file['credsStore'], `"${path}", "credsStore"`)
      : undefined;
  if (helper === undefined) return undefined;
  if (!/^[A-Za-z0-9._-]+$/.test(helper)) throw malformed(path, `"${helper}" is not the name of a credential helper`);
  const { execa } = await import('execa');
  const program = `docker-credential-${helper}`;
  const ran = await execa(program, ['get'], { input: key, reject: false, timeout: HELPER_LIMIT_MS });
  const answer = `${ran.stdout}`;
  if (ran.exitCode !== 0) {
    if (/credentials not found/.test(answer)) return undefined;
    throw malformed(path, `${program} failed: ${ran.exitCode === undefined ? ran.shortMessage : answer.slice(0, 200)}`);
  }
  return fromAnswer(answer, program);
}

function fromAnswer(answer: string, program: string): Credentials {
  try {
    const said = objectOf(JSON.parse(answer), program);
    const user = stringOf(said['Username'], program);
    const password = stringOf(said['Secret'], program);
    if (user === '<token>' && password !== undefined) return { refreshToken: password, from: program };
    if (user !== undefined && password !== undefined) return { user, password, from: program };
  } catch {
    // Said below, without what it printed, which may be a secret.
  }
  throw malformed(program, 'its answer has no "Username" and "Secret"');
}
