import { PodError } from '../error.ts';
import type { NetworkSpec, PodSpec } from '../manifest/spec.ts';

/** What flags say instead of the manifest. Positions stay with the manifest's own lines. */
export function applyOverrides(
  spec: PodSpec,
  { name, network }: { readonly name?: string | undefined; readonly network?: string | undefined },
): PodSpec {
  let changed = spec;
  if (name !== undefined) {
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
      throw new PodError('cli/usage', `--name "${name}": not a name`, {
        hint: 'lower-case letters, digits and "-", at most 63',
      });
    }
    // The host name is the pod's name unless the manifest gives one.
    changed = { ...changed, name, hostname: spec.hostname === spec.name ? name : spec.hostname };
  }
  if (network !== undefined) {
    changed = { ...changed, network: networkOf(network, spec.network) };
  }
  return changed;
}

function networkOf(mode: string, { at }: NetworkSpec): NetworkSpec {
  const [kind, target] = mode.split(/:(.*)/s);
  if (target !== undefined) return { mode: kind as 'pod' | 'cni', target, at };
  return { mode: mode as 'bridge' | 'none' | 'host', at };
}
