/** What `probe` and `probe tries` print. */
export interface ProbeReport {
  readonly argv: readonly string[];
  /** Descriptor number → what /proc/self/fd says it is; includes the one the directory was read through. */
  readonly descriptors: Readonly<Record<string, string>>;
  readonly namespaces: Readonly<Record<string, string>>;
  readonly dev: Readonly<Record<string, ProbeDevice>>;
  readonly mounts: readonly ProbeMount[];
  readonly cgroups: readonly string[];
  readonly uidMap: readonly string[];
  readonly gidMap: readonly string[];
  /** Real, effective, saved, file system. */
  readonly uid: readonly number[];
  readonly gid: readonly number[];
  readonly groups: readonly number[];
  /** 16 hexadecimal digits each. */
  readonly capabilities: Readonly<Record<'inheritable' | 'permitted' | 'effective' | 'bounding' | 'ambient', string>>;
  readonly noNewPrivs: number;
  /** 0 none, 1 strict, 2 filter. */
  readonly seccomp: number;
  readonly seccompFilters: number | null;
  /** 16 hexadecimal digits each. */
  readonly signals: Readonly<Record<'blocked' | 'ignored' | 'caught', string>>;
  readonly umask: number;
  readonly pid: number;
  readonly ppid: number;
  readonly sid: number;
  readonly pgid: number;
  readonly cwd: string | null;
  readonly personality: number;
  readonly securebits: number;
  readonly dumpable: number;
  readonly sessionKeyring: { readonly outcome: string; readonly id: number };
  readonly hostname: string;
  readonly domainname: string;
  readonly env: Readonly<Record<string, string>>;
  readonly oomScoreAdj: number;
  readonly nice: number;
  readonly scheduler: number;
  readonly cpus: number;
  /** Soft and hard by name without RLIMIT_; null is unlimited. */
  readonly rlimits: Readonly<Record<string, readonly [number | null, number | null]>>;
  readonly kernelPaths: Readonly<Record<string, ProbeKernelPath>>;
  readonly links: readonly string[];
  readonly addresses: readonly {
    readonly link: string;
    readonly address: string;
    readonly prefix: number;
    readonly up: boolean;
  }[];
  readonly routes: readonly {
    readonly link: string;
    readonly to: string;
    readonly prefix: number;
    readonly via: string;
  }[];
}

/** `probe tries` adds these: each value is `ok`, an errno's name, or `killed by SYS`. */
export interface ProbeTries extends ProbeReport {
  readonly init: Readonly<Record<string, string>>;
  readonly writableCgroupFiles: number;
  readonly tries: Readonly<Record<string, string>>;
}

export interface ProbeDevice {
  readonly type: 'char' | 'block' | 'directory' | 'link' | 'file';
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly uid: number;
}

export interface ProbeMount {
  readonly path: string;
  readonly root: string;
  readonly type: string;
  readonly source: string;
  readonly options: string;
  readonly superOptions: string;
  /** As in mountinfo: empty is private. */
  readonly propagation: string;
}

export interface ProbeKernelPath {
  readonly type: ProbeDevice['type'];
  /** Of files: `ok` or an errno's name, and how many bytes of 64 could be read. */
  readonly read?: string;
  readonly bytes?: number;
  /** Opening it for writing: `ok` or an errno's name. */
  readonly write: string;
  /** Of directories: how many names it has, -1 when it cannot be listed. */
  readonly names?: number;
}
