import type { NetworkNamespace } from '../../linux/network-namespace.ts';
import type { Openers } from '../resources/sources.ts';
import type { ControlApi, LaunchApi, TerminalSize } from './launch-api.ts';

// The launcher is the heaviest part; the verbs that need none of it must not load it.

export async function loadRun(): Promise<LaunchApi['runFile']> {
  return (await import('../launch/run-file.ts')).runFile;
}

export async function loadReady(): Promise<LaunchApi['readyFile']> {
  return (await import('../launch/run-file.ts')).readyFile;
}

export async function loadPrepare(): Promise<Pick<LaunchApi, 'preparePod' | 'readPrepared' | 'startPrepared'>> {
  return import('../launch/prepare.ts');
}

export async function loadExec(): Promise<LaunchApi['execInPod']> {
  return (await import('../launch/exec.ts')).execInPod;
}

export async function loadAttach(): Promise<LaunchApi['attachToApp']> {
  return (await import('../launch/attach.ts')).attachToApp;
}

export async function loadResize(): Promise<(master: number, size: TerminalSize) => void> {
  return (await import('../launch/pseudo-terminal.ts')).resizeTerminal;
}

export async function loadPlan(): Promise<LaunchApi['planPod']> {
  return (await import('../launch/plan.ts')).planPod;
}

export async function loadControl(): Promise<ControlApi> {
  return import('../launch/control.ts');
}

export async function loadOpeners(): Promise<Openers> {
  return (await import('../resources/openers.ts')).OPENERS;
}

export async function loadPodNetwork(): Promise<(uuid: string) => NetworkNamespace> {
  return (await import('../launch/pod-network.ts')).openPodNetwork;
}
