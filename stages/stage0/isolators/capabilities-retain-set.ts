import {
  type CapabilitySetValue,
  capabilitySetSchema,
  explicitCapabilities,
  readCapabilitySet,
  refuseBoth,
} from './capability-sets.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

function lower(value: CapabilitySetValue, draft: Draft, context: IsolatorContext): void {
  refuseBoth(draft, context);
  draft.process.capabilities = explicitCapabilities(readCapabilitySet(value, context));
  draft.process.capabilitiesAt = context.at;
}

export const CAPABILITIES_RETAIN_SET: Isolator<CapabilitySetValue> = {
  name: 'os/linux/capabilities-retain-set',
  example: { set: ['CAP_CHOWN'] },
  scopes: ['app'],
  schema: capabilitySetSchema(
    "The app's capabilities; all others are out of reach for it and all it starts. An app that does not run as root has them too. An empty list drops everything. Default: CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT for root, none for other users.",
  ),
  lower,
};
