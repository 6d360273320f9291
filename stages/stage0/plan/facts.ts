/** Where controllers are actually mounted. Pods live in directories directly below `mountPoint`. */
export interface CgroupHierarchy {
  readonly version: 1 | 2;
  /** Controllers co-mounted here; for version 2, those enabled or enablable. */
  readonly controllers: readonly string[];
  /** Mount point, verified by the magic number of its file system. */
  readonly mountPoint: string;
  /** Version 2: controllers that the root's `cgroup.subtree_control` already enables for its children. */
  readonly enabled?: readonly string[];
}

export interface CgroupFacts {
  readonly mode: 'v1' | 'v2' | 'hybrid';
  readonly hierarchies: readonly CgroupHierarchy[];
}

/** A device node of the host. */
export interface DeviceNode {
  /** Path after resolving symbolic links. */
  readonly path: string;
  readonly type: 'char' | 'block';
  readonly major: number;
  readonly minor: number;
  /** Permissions for others, as in the mode: 4 to read, 2 to write. */
  readonly others: number;
}

/** The block devices that hold the file system of a path. */
export interface DiskBelow {
  /**
   * `major:minor` of whole disks, never of partitions. Several where a file system spans several disks; none where it has no block
   * device, such as tmpfs or overlay.
   */
  readonly disks: readonly string[];
  /** The disks below device-mapper, where requests are queued. */
  readonly queues: readonly string[];
}

/** What a file system and its host support for limiting the disk usage of pods. */
export interface StoreFacts {
  /** `f_type` of statfs(2), in hexadecimal. */
  readonly fileSystem: string;
  readonly isMemory: boolean;
  /** The file system enforces project quotas. */
  readonly hasProjectQuota: boolean;
  /** Path of mkfs.ext4, if installed. */
  readonly makeFileSystem: string | null;
  readonly hasLoopDevices: boolean;
}

/** A disk backed by hardware or by a hypervisor. */
export interface HostDisk {
  /** `major:minor` */
  readonly device: string;
  readonly name: string;
  /** The active I/O scheduler; `none` is one of them. */
  readonly scheduler: string;
}

/**
 * Host facts that only some isolators need, read only for manifests that use those isolators: the text of a file, the names in a
 * directory, the device node at a path, the disk below a path, all disks, the supported file limits below a path, or whether cgroups
 * below a directory have a control file (`control DIRECTORY/FILE`). Null: there is none, or no cgroup that could tell.
 */
export interface Findings {
  readonly text: string | null;
  readonly names: readonly string[] | null;
  readonly node: DeviceNode | null;
  readonly disk: DiskBelow | null;
  readonly disks: readonly HostDisk[] | null;
  readonly store: StoreFacts | null;
  readonly control: boolean | null;
}

export type Look = `${keyof Findings} ${string}`;

/** `count` ids from `first` on. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** A normal user who starts pods, and the user's subordinate ids for them. */
export interface CallerFacts {
  readonly uid: number;
  readonly gid: number;
  /** The ranges that /etc/subuid and /etc/subgid grant; empty unless newuidmap(1) and newgidmap(1) are installed. */
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** The program that connects a pod to the network without privilege. */
  readonly network?: 'slirp4netns';
}

/** Everything besides the manifest that a plan may depend on: the same manifest and facts give the same tape. */
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
  /**
   * Overlays accept detached mounts as layers. Until Linux 6.15: a layer has to be in the mounting process's own mount namespace.
   */
  readonly hasDetachedLayers: boolean;
  /** Version of Landlock's ABI; 0 without Landlock. */
  readonly landlockAbi: number;
  /** This process's own value, which init inherits. */
  readonly oomScoreAdj: number;
  readonly looked: Readonly<Record<Look, Findings[keyof Findings]>>;
}
