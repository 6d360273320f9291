import { readFileSync } from 'node:fs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A random (version 4) uuid. Reading one from the kernel avoids loading `node:crypto`. */
export function newUuid(): string {
  return readFileSync('/proc/sys/kernel/random/uuid', 'latin1').trimEnd();
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

let bootId: string | undefined;

/** Changes with every boot. What the kernel held for a pod of an earlier boot is gone. */
export function readBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trimEnd();
  return bootId;
}
