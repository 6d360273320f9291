import { PodError } from '../error.ts';
import { objectOf, stringOf } from './json.ts';
import { printableText } from './tar/fault.ts';

/** Go's names for what Node calls x64 and arm64. */
export const ARCHITECTURE: string = process.arch === 'x64' ? 'amd64' : process.arch;

export interface Platform {
  readonly os: string | undefined;
  readonly architecture: string | undefined;
  readonly variant?: string | undefined;
}

export function platformOf(value: unknown, label: string): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  const platform = objectOf(value, label);
  const [os, architecture, variant] = [platform.os, platform.architecture, platform.variant];
  return { os: stringOf(os, label), architecture: stringOf(architecture, label), variant: stringOf(variant, label) };
}

export function runsHere(platform: Platform): boolean {
  return (
    (platform.os === undefined || platform.os === 'linux') &&
    (platform.architecture === undefined || platform.architecture === ARCHITECTURE)
  );
}

export function describePlatform(platform: Platform | undefined): string {
  return printableText(`${platform?.os ?? 'any'}/${platform?.architecture ?? 'any'}`);
}

export function requirePlatform(platform: Platform, label: string): void {
  if (runsHere(platform)) return;
  throw new PodError(
    'image/platform',
    `read ${label}: it is for ${describePlatform(platform)}, this machine is linux/${ARCHITECTURE}`,
  );
}
