import { PodError } from '../error.ts';
import { digestOfImage } from '../image/digest.ts';
import type { Diagnostics } from '../manifest/diagnostics.ts';
import type { AppSpec, PodSpec } from '../manifest/spec.ts';
import { judgePin, type PinJudgement } from '../pins/judge-pin.ts';
import { type Frozen, isPinnable, type Pins, pinToFetch } from '../pins/pins.ts';

export interface JudgeOptions {
  readonly storeDir: string;
  readonly baseDir: string;
  readonly frozen: Frozen | undefined;
}

/** What the lock has to say of a manifest's images, which are looked at and not unpacked. */
export async function judgeImages(spec: PodSpec, pins: Pins, options: JudgeOptions): Promise<Diagnostics> {
  const errors: PodError[] = [];
  const warnings: PodError[] = [];
  for (const app of spec.apps) {
    const judged = await judgeImage(app, pins, options);
    if (judged) (judged.severity === 'error' ? errors : warnings).push(judged.error);
  }
  return { errors, warnings };
}

async function judgeImage(
  { image: { value: ref, at } }: AppSpec,
  pins: Pins,
  { frozen, ...options }: JudgeOptions,
): Promise<PinJudgement | undefined> {
  if (!isPinnable(ref) || pinToFetch(pins, ref) !== undefined) return undefined;
  try {
    return judgePin(pins, { ref, digest: await digestOfImage(ref, options) }, { at, frozen });
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    const { code, message, hint } = error;
    // A manifest may be valid where its images are not.
    const note = `compare image "${ref}" with "${pins.path}": ${message}`;
    return { severity: 'warning', error: new PodError(code, note, { at, hint, cause: error }) };
  }
}
