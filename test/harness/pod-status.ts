import { podOk } from './pod-cli.ts';

/** What `pod status -o json` promises; see the command line's contract. */
export interface PodStatus {
  readonly uuid: string;
  readonly name: string;
  readonly state: 'preparing' | 'prepared' | 'running' | 'paused' | 'exited' | 'garbage';
  readonly exitCode: number | null;
  readonly death: 'init-killed' | 'supervisors-killed' | 'host-restarted' | null;
  readonly network: { readonly mode: string; readonly ips: readonly string[] };
  readonly apps: readonly {
    readonly name: string;
    readonly state: 'waiting' | 'running' | 'exited';
    readonly pid: number | null;
    readonly exitCode: number | null;
    readonly signal: string | number | null;
    readonly oomKilled: boolean;
  }[];
}

export async function statusOf(root: string, pod: string): Promise<PodStatus> {
  return JSON.parse(await podOk(['status', '-o', 'json', pod], { root })) as PodStatus;
}
