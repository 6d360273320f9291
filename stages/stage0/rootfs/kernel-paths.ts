export interface MaskedPath {
  readonly path: string;
  readonly kind: 'file' | 'directory';
}

/** Hidden from apps: the union of docker's, podman's and containerd's defaults. A directory is covered by an empty one. */
export const MASKED_PATHS: readonly MaskedPath[] = [
  { path: '/proc/acpi', kind: 'directory' },
  { path: '/proc/asound', kind: 'directory' },
  { path: '/proc/interrupts', kind: 'file' },
  { path: '/proc/kcore', kind: 'file' },
  { path: '/proc/keys', kind: 'file' },
  { path: '/proc/latency_stats', kind: 'file' },
  { path: '/proc/sched_debug', kind: 'file' },
  { path: '/proc/scsi', kind: 'directory' },
  { path: '/proc/timer_list', kind: 'file' },
  { path: '/proc/timer_stats', kind: 'file' },
  { path: '/sys/firmware', kind: 'directory' },
  { path: '/sys/fs/selinux', kind: 'directory' },
  { path: '/sys/devices/virtual/powercap', kind: 'directory' },
];

export const PROCESSORS = '/sys/devices/system/cpu';

/** Hidden too: how often each processor was too hot, which tells what others compute. */
export function thermalPath(processor: string): string {
  return `${PROCESSORS}/${processor}/thermal_throttle`;
}

/** What is hidden, of the paths that exist here. */
export function maskedOf(existing: ReadonlySet<string>): readonly MaskedPath[] {
  const thermal = [...existing].filter((path) => path.startsWith(PROCESSORS));
  return [
    ...MASKED_PATHS.filter(({ path }) => existing.has(path)),
    ...thermal.map((path) => ({ path, kind: 'directory' as const })),
  ];
}

/** core_pattern, modprobe, binfmt_misc, sysrq: each is root on the host when it can be written. */
export const READ_ONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
