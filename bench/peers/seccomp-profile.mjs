// podman's profile for the runtime's configuration, converted as podman does: rules for other architectures and for
// capabilities the container has not are left out.

import { readFileSync } from 'node:fs';

const PROFILE = '/usr/share/containers/seccomp.json';
const NATIVE =
  process.arch === 'arm64' ? { name: 'arm64', scmp: 'SCMP_ARCH_AARCH64' } : { name: 'amd64', scmp: 'SCMP_ARCH_X86_64' };

/** `linux.seccomp` of config.json for a process with these capabilities. */
export function convertProfile(capabilities) {
  const profile = JSON.parse(readFileSync(PROFILE, 'utf8'));
  const map = profile.archMap.find(({ architecture }) => architecture === NATIVE.scmp);
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: [NATIVE.scmp, ...map.subArchitectures],
    syscalls: profile.syscalls.filter((rule) => applies(rule, capabilities)).map(toRuntimeRule),
  };
}

function applies({ includes = {}, excludes = {} }, capabilities) {
  const has = (capability) => capabilities.includes(capability);
  if (excludes.arches?.includes(NATIVE.name) || excludes.caps?.some(has)) return false;
  if (includes.arches?.length > 0 && !includes.arches.includes(NATIVE.name)) return false;
  return (includes.caps ?? []).every(has);
}

function toRuntimeRule({ names, action, args, errnoRet }) {
  return { names, action, ...(args?.length > 0 ? { args } : {}), ...(errnoRet === undefined ? {} : { errnoRet }) };
}
