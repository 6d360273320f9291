import { CAPABILITIES, capabilityMask, capabilityNumber } from '../../linux/capabilities.ts';
import { mapAll, PodError } from '../error.ts';
import type { CapabilitySets, Draft, IsolatorContext, JsonSchema, ProcessDraft } from './isolator.ts';

export interface CapabilitySetValue {
  readonly set: readonly string[];
}

/** podman's: docker's without MKNOD, NET_RAW and AUDIT_WRITE: packet sockets, device nodes and audit records are nothing a service needs (CVE-2020-14386). */
export const DEFAULT_CAPABILITIES: bigint = capabilityMask([
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]);

export function capabilitySetSchema(description: string): JsonSchema {
  return {
    type: 'object',
    description,
    additionalProperties: false,
    required: ['set'],
    properties: {
      set: {
        type: 'array',
        uniqueItems: true,
        items: { enum: CAPABILITIES },
        description: 'Capabilities by their kernel names, as in capabilities(7).',
      },
    },
  };
}

/** The mask of a manifest's list. Each name has to exist in this kernel, else setting it would fail for no visible reason. */
export function readCapabilitySet(value: CapabilitySetValue, context: IsolatorContext): bigint {
  let mask = 0n;
  mapAll(value.set.entries(), ([index, name]) => {
    const number = capabilityNumber(name);
    const at = context.atOf(`/set/${index}`);
    if (number === undefined)
      throw new PodError('manifest/schema', `read capability "${name}": there is no capability of that name`, { at });
    if (number > context.host.lastCapability) {
      throw new PodError('host/unsupported', `grant "${name}": Linux ${context.host.kernelRelease} does not have it`, {
        at,
      });
    }
    mask |= 1n << BigInt(number);
  });
  return mask;
}

/** The sets an app gets that the manifest says nothing about, or only takes from. */
export function implicitCapabilities(mask: bigint): CapabilitySets {
  return { bounding: mask, permitted: mask, effective: mask, inheritable: 0n, ambient: 0n };
}

/** A list the manifest spells out is meant to work for any user, so it is remembered as ambient. */
export function explicitCapabilities(mask: bigint): CapabilitySets {
  return { bounding: mask, permitted: mask, effective: mask, inheritable: mask, ambient: mask };
}

/** A second list of the other kind is an error at its own line, whichever comes first. */
export function refuseBoth(draft: Draft, context: IsolatorContext): void {
  const before = draft.process.capabilitiesAt;
  if (!before) return;
  const [first, second] = isBefore(before, context.at) ? [before, context.at] : [context.at, before];
  throw new PodError('manifest/schema', 'set capabilities: an app has a retain-set or a remove-set, not both', {
    at: second,
    hint: `the other one is on line ${first.line}`,
  });
}

function isBefore(a: { line: number; col: number }, b: { line: number; col: number }): boolean {
  return a.line < b.line || (a.line === b.line && a.col < b.col);
}

/**
 * The sets as the app's user has them. Root: what execve(2) gives root anyway, inheritable and ambient empty (CVE-2022-24769
 * and its kin came of a filled inheritable set). Any other user: nothing, unless the manifest spelled a retain-set out; that
 * is raised into the ambient set, the only one that survives execve of a plain file.
 */
export function finalCapabilities(draft: Pick<ProcessDraft, 'capabilities'>, uid: number): CapabilitySets {
  const { bounding, ambient } = draft.capabilities;
  if (uid === 0) return implicitCapabilities(bounding);
  return { bounding, permitted: ambient, effective: ambient, inheritable: ambient, ambient };
}
