import type { Template } from '../../tape/template.ts';
import type { Position } from '../error.ts';
import type { PodSpec, UsernsSpec } from '../manifest/spec.ts';
import type { Join } from '../plan/joins.ts';
import type { PublishedPort } from '../network/types.ts';
import type { Entry } from './plan-enter.ts';

/** What tells pods of one plan from each other: nothing of it is on the tape but as a symbol. */
export type PodIdentity = Pick<PodSpec, 'name' | 'hostname' | 'labels' | 'annotations'> & {
  readonly manifest: Pick<PodSpec['manifest'], 'path' | 'text'>;
};

export interface CompiledApp {
  readonly name: string;
  readonly image: { readonly ref: string; readonly digest: string };
  readonly restart: 'never' | 'on-failure' | 'always';
  /** Where the manifest has its hooks: `file:line:col` by name. */
  readonly hooks: Readonly<Record<string, string>>;
  /** `packExecData`. */
  readonly exec: unknown;
  readonly at: Position;
}

/** Files whose bytes are limited: what each start takes for them. */
export interface CompiledStore {
  readonly name: string;
  readonly method: 'project' | 'memory' | 'image';
  readonly bytes: number;
  readonly at: Position;
}

/** A manifest, lowered: all that a start needs and that is the same for every start. Plain data: it may be kept in a file. */
export interface CompiledPod {
  readonly tape: Template;
  readonly cgroupMounts: readonly string[];
  readonly stores?: readonly CompiledStore[];
  /** Namespaces of other pods, which each start opens. */
  readonly joins?: readonly Join[];
  readonly hasHostName?: true;
  /** The firewall marks its packets, by a table of its own. */
  readonly hasMarks?: true;
  readonly network: { readonly mode: string; readonly ports: readonly PublishedPort[] };
  /** `host`: it takes no range of the host's ids. */
  readonly userns: UsernsSpec;
  /** A normal user's, whose monitor has to be let into its user namespace. */
  readonly entry?: Entry;
  /** It has a metadata service, and each start makes its address and token. */
  readonly hasMetadata?: true;
  /** Its monitor removes what it leaves. */
  readonly clearsItself?: true;
  /** It ends with the process that started it. */
  readonly hasLifeline?: true;
  readonly apps: readonly CompiledApp[];
  /** A client of the first app's terminal comes with the pod. */
  readonly hasClient: boolean;
  /** The first app reads the caller's standard input. */
  readonly takesStdin: boolean;
  readonly at: Position;
}

/** The other parts of a spec go into the plan, or into its compiled form. */
export function identityOf({ name, hostname, labels, annotations, manifest }: PodSpec): PodIdentity {
  return { name, hostname, labels, annotations, manifest: { path: manifest.path, text: manifest.text } };
}
