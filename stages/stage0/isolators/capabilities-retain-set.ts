import { capabilityNames, capabilityNumber } from '../../linux/capabilities.ts';
import {
  type CapabilitySetValue,
  capabilitySetSchema,
  DEFAULT_CAPABILITIES,
  explicitCapabilities,
  readCapabilitySet,
  refuseBoth,
} from './capability-sets.ts';
import { OF_A_PROCESS } from './fixed.ts';
import { statusField, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';
import type { ImagesApp, OfImage } from './of-image.ts';

function lower(value: CapabilitySetValue, draft: Draft, context: IsolatorContext): void {
  refuseBoth(draft, context);
  draft.process.capabilities = explicitCapabilities(readCapabilitySet(value, context));
  draft.process.capabilitiesAt = context.at;
}

/** A list also gives its capabilities to a user who is not root, and would have none. */
function ofImage(value: CapabilitySetValue, { namesUser }: ImagesApp): OfImage {
  if (namesUser && value.set.length > 0)
    return { refused: 'it would give capabilities to a user that the manifest of the pod names' };
  const more = value.set.filter((name) => !(DEFAULT_CAPABILITIES & (1n << BigInt(capabilityNumber(name) ?? 63))));
  return more.length > 0 ? { refused: `${more.join(', ')}: more than an app has by default` } : { value };
}

function namesIn(hexadecimal: string | undefined): string[] | undefined {
  return hexadecimal === undefined ? undefined : capabilityNames(BigInt(`0x${hexadecimal}`));
}

export const CAPABILITIES_RETAIN_SET: Isolator<CapabilitySetValue> = {
  name: 'os/linux/capabilities-retain-set',
  example: { set: ['CAP_CHOWN'] },
  scopes: ['app'],
  schema: capabilitySetSchema(
    'The capabilities of the app, even if it does not run as root. The app and the processes it starts can gain no others. An empty list drops all capabilities. Default: CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT for root, none for other users.',
  ),
  lower,
  ofImage,
  kind: 'capabilities',
  fixed: OF_A_PROCESS,
  // Whatever isolator they came from.
  readBack: (source) =>
    unlessEmpty({
      bounding: namesIn(statusField(source, 'CapBnd')),
      permitted: namesIn(statusField(source, 'CapPrm')),
      effective: namesIn(statusField(source, 'CapEff')),
      ambient: namesIn(statusField(source, 'CapAmb')),
    }),
};
