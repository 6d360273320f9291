import type { CgroupWrite } from '../isolators/isolator.ts';
import { DEFAULT_DEVICES, deviceLine, type DeviceRule } from './devices.ts';

/** Devices that isolators request, beyond those of every pod. */
export interface DeviceRequests {
  readonly pod: readonly DeviceRule[];
  readonly apps: ReadonlyMap<string, readonly DeviceRule[]>;
}

const NOTHING: DeviceRequests = { pod: [], apps: new Map() };

/** The rules of the pod's directory: everything that the pod, or any of its apps, may use. */
export function podDevices({ pod, apps }: DeviceRequests = NOTHING): DeviceRule[] {
  return [...DEFAULT_DEVICES, ...distinct([...pod, ...[...apps.values()].flat()])];
}

/** The rules of an app that may use less than its pod; undefined when they are the same. */
export function appDevices(app: string, requests: DeviceRequests = NOTHING): DeviceRule[] | undefined {
  const own = ownDevices(app, requests);
  return lackedBy(own, requests).length === 0 ? undefined : [...DEFAULT_DEVICES, ...own];
}

/**
 * The same for version 1, where a directory starts with its parent's rules: first removes the devices that the app may not use.
 * Removal goes by device number, whatever the access, so the app's own rules are added again afterwards.
 */
export function appDeviceWrites(app: string, requests: DeviceRequests = NOTHING): CgroupWrite[] {
  const own = ownDevices(app, requests);
  const lacked = lackedBy(own, requests);
  if (lacked.length === 0) return [];
  const write = (file: string, rule: DeviceRule, why: string): CgroupWrite => {
    const value = deviceLine(rule);
    return { controller: 'devices', file, value, at: rule.at, why: `${why} device "${value}"` };
  };
  return [
    ...lacked.map((rule) => write('devices.deny', rule, `keep app "${app}" from`)),
    ...own.map((rule) => write('devices.allow', rule, 'allow')),
  ];
}

function ownDevices(app: string, { pod, apps }: DeviceRequests): DeviceRule[] {
  return distinct([...pod, ...(apps.get(app) ?? [])]);
}

function lackedBy(own: readonly DeviceRule[], requests: DeviceRequests): DeviceRule[] {
  const lines = new Set([...DEFAULT_DEVICES, ...own].map(deviceLine));
  return podDevices(requests).filter((rule) => !lines.has(deviceLine(rule)));
}

/** Leaves out rules that every pod has: removing them from an app would remove them for good. */
function distinct(rules: readonly DeviceRule[]): DeviceRule[] {
  const byLine = new Map(rules.filter((rule) => !isDefault(rule)).map((rule) => [deviceLine(rule), rule]));
  return [...byLine.values()];
}

function isDefault({ type, major, minor }: DeviceRule): boolean {
  return DEFAULT_DEVICES.some(
    (known) => known.type === type && known.major === major && (known.minor ?? minor) === minor,
  );
}
