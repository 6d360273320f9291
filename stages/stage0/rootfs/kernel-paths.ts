/** Hidden from apps: the union of docker's, podman's and containerd's defaults. A directory is covered by an empty one. */
export const MASKED_PATHS: readonly { readonly path: string; readonly kind: 'file' | 'directory' }[] = [
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

/** core_pattern, modprobe, binfmt_misc, sysrq: each is root on the host when it can be written. */
export const READ_ONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
