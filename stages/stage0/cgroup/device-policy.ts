import type { CgroupWrite } from '../isolators/isolator.ts';
import { DEFAULT_DEVICES, deviceLine, type DeviceRule } from './devices.ts';

/** Devices that isolators ask for, beyond those of every pod. */
export interface DeviceRequests {
  readonly pod: readonly DeviceRule[];
  readonly apps: ReadonlyMap<string, readonly DeviceRule[]>;
}

const NOTHING: DeviceRequests = { pod: [], apps: new Map() };

/** What the pod's directory allows: all that the pod, or any of its apps, may use. */
export function podDevices({ pod, apps }: DeviceRequests = NOTHING): DeviceRule[] {
  return [...DEFAULT_DEVICES, ...distinct([...pod, ...[...apps.values()].flat()])];
}

/** What an app may use, where that is less than its pod; undefined where it is the same. */
export function appDevices(app: string, requests: DeviceRequests = NOTHING): DeviceRule[] | undefined {
  const own = ownDevices(app, requests);
  return lackedBy(own, requests).length === 0 ? undefined : [...DEFAULT_DEVICES, ...own];
}

/**
 * The same on version 1, whose directories begin with what their parent has: first what the app does not have is taken away.
 * That goes by the numbers and not by the access, so its own come back after.
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

/** Without those that every pod may use anyway: to take them from an app would take them for good. */
function distinct(rules: readonly DeviceRule[]): DeviceRule[] {
  const byLine = new Map(rules.filter((rule) => !isDefault(rule)).map((rule) => [deviceLine(rule), rule]));
  return [...byLine.values()];
}

function isDefault({ type, major, minor }: DeviceRule): boolean {
  return DEFAULT_DEVICES.some(
    (known) => known.type === type && known.major === major && (known.minor ?? minor) === minor,
  );
}
