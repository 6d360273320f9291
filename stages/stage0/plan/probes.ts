import { inetAddress } from '../../linux/inet-address.ts';
import { planExec } from '../../stage2/launch.ts';
import type { ProcessPlan } from '../../stage2/process.ts';
import {
  type Program,
  type ProbeQuestion,
  type Reg,
  type Span,
  type SupervisedProbe,
  sym,
} from '../../tape/program.ts';
import type { NetworkSpec, ProbeSpec } from '../manifest/spec.ts';
import { parseIp4, parseIp6 } from '../network/ip.ts';
import { grpcRequest } from './grpc-request.ts';
import { httpRequest } from './http-request.ts';

export interface ProbeInput {
  readonly probes: readonly ProbeSpec[];
  /** The app's first process; commands of exec probes get the same isolators. */
  readonly process: ProcessPlan;
  readonly cgroup?: Reg | undefined;
  readonly network: NetworkSpec;
}

/** Same default as Kubernetes. */
const GOOD_STATUSES = [200, 399] as const;
/** ServingStatus of grpc.health.v1.HealthCheckResponse. */
const SERVING = 1;

export function planProbes(program: Program, { probes, ...input }: ProbeInput): SupervisedProbe[] {
  return probes.map((probe) => {
    const { question: _question, at: _at, ...times } = probe;
    return { ...times, ask: planQuestion(program, probe, input) };
  });
}

function planQuestion(program: Program, probe: ProbeSpec, input: Omit<ProbeInput, 'probes'>): ProbeQuestion {
  const { question } = probe;
  if (question.kind === 'exec') return planCommand(program, probe, question.command, input);
  const address = planAddress(program, question.address, question.port, input.network);
  switch (question.kind) {
    case 'tcp':
      return { kind: 'connect', address };
    case 'http':
      return { kind: 'http', address, request: spanOf(program, httpRequest(question)), statuses: GOOD_STATUSES };
    case 'grpc':
      return { kind: 'grpc', address, request: spanOf(program, grpcRequest(question)), statuses: [SERVING, SERVING] };
  }
}

function planCommand(
  program: Program,
  { at }: ProbeSpec,
  argv: readonly string[],
  { process, cgroup }: Omit<ProbeInput, 'probes'>,
): ProbeQuestion {
  const tape = program.tape({ purpose: 'probe', app: process.app, ...(cgroup ? { cgroup } : {}) });
  planExec(tape, { ...process, argv, places: { ...process.places, exec: at } }, 'null');
  return { kind: 'tape', tape };
}

/** The address of the pod's name in its /etc/hosts: its own address on a bridge, otherwise the loopback. */
function planAddress(program: Program, address: string, port: number, network: NetworkSpec): Span {
  if (address === 'pod' && network.mode === 'bridge') return spanOf(program, ...inetAddress(sym('ip4', 4), true, port));
  const ip4 = parseIp4(address === 'pod' ? '127.0.0.1' : address);
  const ip = ip4 ?? parseIp6(address);
  if (!ip) throw new Error(`a probe of "${address}", which is no address`);
  return spanOf(program, ...inetAddress(ip, ip4 !== undefined, port));
}

function spanOf(program: Program, ...parts: (Uint8Array | ReturnType<typeof sym>)[]): Span {
  const length = parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part.size), 0);
  return { data: program.bytes(parts), length };
}
