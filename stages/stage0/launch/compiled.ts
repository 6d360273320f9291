import type { Template } from '../../tape/template.ts';
import type { Position } from '../error.ts';
import type { PodSpec, UsernsSpec } from '../manifest/spec.ts';
import type { Join } from '../plan/joins.ts';
import type { PublishedPort } from '../network/types.ts';
import type { Entry } from './plan-enter.ts';

/** What distinguishes pods of the same plan. It is on the tape only as symbols. */
export type PodIdentity = Pick<PodSpec, 'name' | 'hostname' | 'labels' | 'annotations'> & {
  readonly manifest: Pick<PodSpec['manifest'], 'path' | 'text'>;
};

export interface CompiledApp {
  readonly name: string;
  readonly image: { readonly ref: string; readonly digest: string };
  readonly restart: 'never' | 'on-failure' | 'always';
  /** The places of the hooks in the manifest: `file:line:col` by hook name. */
  readonly hooks: Readonly<Record<string, string>>;
  /** The result of `packExecData`. */
  readonly exec: unknown;
  readonly at: Position;
}

/** A file store with a size limit; each start takes the resources for it. */
export interface CompiledStore {
  readonly name: string;
  readonly method: 'project' | 'memory' | 'image';
  readonly bytes: number;
  readonly at: Position;
}

/** A compiled manifest: everything a start needs that is the same for every start. Plain data, so it can be stored in a file. */
export interface CompiledPod {
  readonly tape: Template;
  readonly cgroupMounts: readonly string[];
  readonly stores?: readonly CompiledStore[];
  /** Namespaces of other pods. Each start opens them. */
  readonly joins?: readonly Join[];
  readonly hasHostName?: true;
  /** The firewall marks the pod's packets, in a table of its own. */
  readonly hasMarks?: true;
  readonly network: {
    readonly mode: string;
    readonly ports: readonly PublishedPort[];
    /** A network of plugins. Each start looks for it. */
    readonly cni?: { readonly name: string; readonly at: Position };
  };
  /** `host`: the pod takes no range of host ids. */
  readonly userns: UsernsSpec;
  /** For a pod of a normal user: the monitor needs help to enter its user namespace. */
  readonly entry?: Entry;
  /** The pod has a metadata service; each start makes its address and token. */
  readonly hasMetadata?: true;
  /** The pod's monitor removes what the pod leaves behind. */
  readonly clearsItself?: true;
  /** The pod ends with the process that started it. */
  readonly hasLifeline?: true;
  readonly apps: readonly CompiledApp[];
  /** The pod starts with a client on the first app's terminal. */
  readonly hasClient: boolean;
  /** The first app reads the caller's standard input. */
  readonly takesStdin: boolean;
  readonly at: Position;
}

/** The part of a spec that identifies one pod. The rest goes into the plan or the compiled pod. */
export function identityOf({ name, hostname, labels, annotations, manifest }: PodSpec): PodIdentity {
  return { name, hostname, labels, annotations, manifest: { path: manifest.path, text: manifest.text } };
}
