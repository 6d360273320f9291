/** Where controllers are really mounted; pods live in directories right below `mountPoint`. */
export interface CgroupHierarchy {
  readonly version: 1 | 2;
  /** Controllers co-mounted here; for version 2, those enabled or enablable. */
  readonly controllers: readonly string[];
  /** Mount point, verified by its file system's magic. */
  readonly mountPoint: string;
  /** Version 2: controllers the root's `cgroup.subtree_control` already gives to its children. */
  readonly enabled?: readonly string[];
}

export interface CgroupFacts {
  readonly mode: 'v1' | 'v2' | 'hybrid';
  readonly hierarchies: readonly CgroupHierarchy[];
}

/** A device node of the host's. */
export interface DeviceNode {
  /** After symbolic links. */
  readonly path: string;
  readonly type: 'char' | 'block';
  readonly major: number;
  readonly minor: number;
  /** Permissions of those who are neither its owner nor in its group: 4 to read, 2 to write. */
  readonly others: number;
}

/** What holds the file system a path is on. */
export interface DiskBelow {
  /**
   * `major:minor` of whole disks, never of a partition; more than one where a file system spans several, none where it has no
   * block device, such as tmpfs or overlay.
   */
  readonly disks: readonly string[];
  /** The same below device-mapper: where the requests are queued. */
  readonly queues: readonly string[];
}

/** What a file system, and the host it is on, offer for limits of what pods have on disk. */
export interface StoreFacts {
  /** As in `f_type` of statfs(2), in hexadecimal. */
  readonly fileSystem: string;
  readonly isMemory: boolean;
  /** It keeps files to their projects' limits. */
  readonly hasProjectQuota: boolean;
  /** mkfs.ext4, where there is one. */
  readonly makeFileSystem: string | null;
  readonly hasLoopDevices: boolean;
}

/** A disk with hardware, or a hypervisor, behind it. */
export interface HostDisk {
  /** `major:minor` */
  readonly device: string;
  readonly name: string;
  /** The I/O scheduler in use; `none` is one. */
  readonly scheduler: string;
}

/**
 * What only some isolators need to know of the host, read for the manifests that have them: the text of a file, the names in a
 * directory, the device node at a path, the disk below a path, all disks, what limits there are for files below a path. Null: there is none.
 */
export interface Findings {
  readonly text: string | null;
  readonly names: readonly string[] | null;
  readonly node: DeviceNode | null;
  readonly disk: DiskBelow | null;
  readonly disks: readonly HostDisk[] | null;
  readonly store: StoreFacts | null;
}

export type Look = `${keyof Findings} ${string}`;

/** `count` ids from `first` on. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** A normal user who starts pods, and whose ids besides his own they get. */
export interface CallerFacts {
  readonly uid: number;
  readonly gid: number;
  /** What /etc/subuid and /etc/subgid give him, where newuidmap(1) and newgidmap(1) are installed; else none. */
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** The program that gives a pod a network without privilege. */
  readonly network?: 'slirp4netns';
}

/** All the plan may depend on that is not in the manifest: the same manifest and facts give the same tape. */
export interface HostFacts {
  readonly arch: 'x86_64' | 'aarch64';
  readonly kernelRelease: string;
  readonly cgroup: CgroupFacts;
  /** CAP_LAST_CAP, from /proc/sys/kernel/cap_last_cap. */
  readonly lastCapability: number;
  /** This process's effective capabilities, from /proc/self/status. */
  readonly effectiveCapabilities: bigint;
  readonly euid: number;
  /** Absent: root. */
  readonly caller?: CallerFacts;
  /** Hard limits by resource number, from /proc/self/limits; undefined is unlimited. */
  readonly hardLimits: Readonly<Record<number, bigint | undefined>>;
  /** Paths among the default masked and read-only ones that exist on this kernel. */
  readonly kernelPaths: ReadonlySet<string>;
  readonly cpus: number;
  /** The kernel was built with CONFIG_TIME_NS. */
  readonly hasTimeNamespace: boolean;
  /** Overlays take detached mounts as layers; until Linux 6.15 a layer has to be in the mounting process's own mount namespace. */
  readonly hasDetachedLayers: boolean;
  /** Version of Landlock's ABI, 0 without it. */
  readonly landlockAbi: number;
  /** This process's own, which init inherits. */
  readonly oomScoreAdj: number;
  readonly looked: Readonly<Record<Look, Findings[keyof Findings]>>;
}
