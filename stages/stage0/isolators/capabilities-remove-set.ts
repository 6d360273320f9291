import {
  type CapabilitySetValue,
  capabilitySetSchema,
  DEFAULT_CAPABILITIES,
  implicitCapabilities,
  readCapabilitySet,
  refuseBoth,
} from './capability-sets.ts';
import { OF_A_PROCESS } from './fixed.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

function lower(value: CapabilitySetValue, draft: Draft, context: IsolatorContext): void {
  refuseBoth(draft, context);
  draft.process.capabilities = implicitCapabilities(DEFAULT_CAPABILITIES & ~readCapabilitySet(value, context));
  draft.process.capabilitiesAt = context.at;
}

export const CAPABILITIES_REMOVE_SET: Isolator<CapabilitySetValue> = {
  name: 'os/linux/capabilities-remove-set',
  example: { set: ['CAP_CHOWN'] },
  scopes: ['app'],
  schema: capabilitySetSchema(
    'Capabilities to remove from the default set. A capability that is not in the default set has no effect. Cannot be combined with os/linux/capabilities-retain-set.',
  ),
  lower,
  ofImage: (value) => ({ value }),
  kind: 'capabilities',
  fixed: OF_A_PROCESS,
};
