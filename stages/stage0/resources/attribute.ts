// Errors of a changed manifest, said of the values that changed it: its lines are not those of any file somebody wrote

import { PodError } from '../error.ts';
import type { IsolatedPod } from '../manifest/spec.ts';
import type { Setting } from './parse-set.ts';
import type { Stuck } from './plan-changes.ts';

/** Of the manifest's own reader. `errorsOf` says what is wrong when one of them is set alone. */
export function schemaErrors(
  errors: readonly PodError[],
  settings: readonly Setting[],
  errorsOf: (one: Setting) => readonly PodError[],
): PodError[] {
  const single = settings.flatMap((one) => errorsOf(one).map((error) => said(settingSubject(one), error)));
  return single.length > 0 ? single : errors.map((error) => said('the changed manifest', error));
}

/** Of an isolator: of the value that was set where it complains, else of the only one its owner got, else of the owner. */
export function loweringError(
  app: string | undefined,
  error: PodError,
  spec: IsolatedPod,
  settings: readonly Setting[],
): PodError {
  const isolators = app === undefined ? spec.isolators : spec.apps.find(({ name }) => name === app)!.isolators;
  const isAt = (place: PodError['at']): boolean => place?.line === error.at?.line && place?.col === error.at?.col;
  const own = settings.filter((one) => one.app === app);
  const exact = own.find((one) => {
    const found = isolators.find(({ name }) => name === one.isolator);
    return found !== undefined && (isAt(found.atOf(`/${one.path.join('/')}`)) || isAt(found.at));
  });
  const near = exact ?? (own.length === 1 ? own[0] : undefined);
  return said(near ? settingSubject(near) : ownerSubject(app), error);
}

export function stuckError({ app, write }: Stuck, settings: readonly Setting[]): PodError {
  const one = settings.find((setting) => setting.app === app);
  const subject = one ? settingSubject(one) : ownerSubject(app);
  return new PodError('pod/fixed', `${subject}: "${write.file}" cannot be reset while the pod runs`, {
    hint: 'give it a value instead',
  });
}

function said(subject: string, error: PodError): PodError {
  return new PodError(error.code, `${subject}: ${error.message}`, { hint: error.hint, cause: error });
}

function settingSubject({ key }: Setting): string {
  return `set "${key}"`;
}

function ownerSubject(app: string | undefined): string {
  return app === undefined ? 'the pod' : `app "${app}"`;
}
