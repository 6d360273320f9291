export interface MaskedPath {
  readonly path: string;
  readonly kind: 'file' | 'directory';
}

/** Hidden from apps: the union of the defaults of docker, podman and containerd. A directory is covered by an empty one. */
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

/** Also hidden: how often each processor was too hot, which reveals the load of others. */
export function thermalPath(processor: string): string {
  return `${PROCESSORS}/${processor}/thermal_throttle`;
}

/** The masked paths that exist here. */
export function maskedOf(existing: ReadonlySet<string>): readonly MaskedPath[] {
  const thermal = [...existing].filter((path) => path.startsWith(PROCESSORS));
  return [
    ...MASKED_PATHS.filter(({ path }) => existing.has(path)),
    ...thermal.map((path) => ({ path, kind: 'directory' as const })),
  ];
}

/** core_pattern, modprobe, binfmt_misc, sysrq: write access to any of these gives root on the host. */
export const READ_ONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
