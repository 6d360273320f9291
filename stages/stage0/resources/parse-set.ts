import { PodError } from '../error.ts';
import { findIsolator, ISOLATORS } from '../isolators/registry.ts';
import type { IsolatorEdit } from '../manifest/edit.ts';
import { suggestionHint } from '../manifest/suggest.ts';

/** One value for one member of one isolator; `key` is how somebody wrote which. */
export interface Setting extends IsolatorEdit {
  readonly key: string;
}

/** Values by key, as the library takes them: null or undefined takes a value away. */
export type Settings = Readonly<Record<string, unknown>>;

const SYNTAX = 'app/APP/ISOLATOR.FIELD=VALUE or pod/ISOLATOR.FIELD=VALUE, as in app/web/resource/memory.limit=512Mi';

/** `KEY=VALUE` of the command line. A number, true, false, null, or JSON is read as that, anything else is text. */
export function parseAssignment(text: string): readonly [key: string, value: unknown] {
  const equals = text.indexOf('=');
  if (equals > 0) return [text.slice(0, equals), parseValue(text.slice(equals + 1))];
  throw new PodError('cli/usage', `--set "${text}": there is no "=" in it`, { hint: SYNTAX });
}

function parseValue(text: string): unknown {
  if (!/^(-?\d+(\.\d+)?$|true$|false$|null$|["[{])/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // 007 is a number to nobody, and a brace may begin a text.
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** Throws what is wrong with the key: its form, the app, the isolator, or that a running pod cannot have another value. */
export function parseSetting(key: string, value: unknown, apps: readonly string[]): Setting {
  const [, scope, app, name = '', field] = /^(?:(pod)|app\/([^/]+))\/([^.]+)(?:\.(.+))?$/.exec(key) ?? [];
  if (scope === undefined && app === undefined) {
    throw new PodError('cli/usage', `set "${key}": it is not of the form SCOPE/ISOLATOR.FIELD`, { hint: SYNTAX });
  }
  if (app !== undefined && !apps.includes(app)) {
    const hint = suggestionHint(app, apps, 'the apps are');
    throw new PodError('pod/app-not-found', `set "${key}": the pod has no app "${app}"`, { hint });
  }
  requireLive(key, name, app === undefined ? 'pod' : 'app');
  return { key, app, isolator: name, path: field?.split('.') ?? [], value: value ?? undefined };
}

function requireLive(key: string, name: string, scope: 'app' | 'pod'): void {
  const isolator = findIsolator(name);
  if (!isolator) {
    const names = ISOLATORS.filter(({ scopes }) => scopes.includes(scope)).map((each) => each.name);
    throw new PodError('manifest/unknown-field', `set "${key}": there is no isolator "${name}"`, {
      hint: suggestionHint(name, names, 'the isolators are'),
    });
  }
  if (!isolator.scopes.includes(scope)) {
    throw new PodError('manifest/schema', `set "${key}": "${name}" is not one of the ${scope}'s isolators`);
  }
  if (isolator.fixed === undefined) return;
  throw new PodError('pod/fixed', `set "${key}" of a running pod: ${isolator.fixed}`, {
    hint: 'change the manifest, stop the pod, and run it again',
  });
}
