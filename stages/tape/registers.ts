/** The registers that stage1 itself writes or reads. Their numbers are part of the tape's format. */
export const WELL_KNOWN_REGISTERS = {
  lock: 0,
  initProc: 1,
  initPid: 2,
  control: 3,
  events: 4,
  final: 5,
  logs: 6,
  stdin: 7,
  stdout: 8,
  stderr: 9,
  report: 10,
  appMountNamespace: 11,
  proc: 12,
  podStdin: 13,
  ptmx: 14,
} as const;

export const FIRST_FREE_REGISTER = 16;
