import type { Text } from '../../tape/program.ts';
import type { Position } from '../error.ts';
import type { ImageMount } from '../image/types.ts';
import type { MountSpec, SnapshotLayer, VolumeSpec } from '../manifest/spec.ts';

/** A volume; for the `host` kind, with the type of its source. */
export type RootfsVolume = VolumeSpec & {
  readonly isFile: boolean;
  /** For an `empty` volume on disk: a directory with its initial contents. */
  readonly layer?: SnapshotLayer | undefined;
};

/** One of an app's overlays: a part of its image, with a snapshot's layer on top. */
export type RootfsMount = ImageMount & { readonly layer?: SnapshotLayer | undefined };

/** An app's mount of a volume. */
export type RootfsMountPoint = MountSpec & {
  /** Its subPath in a host volume is not a directory. */
  readonly isFile?: boolean;
};

interface Protected {
  readonly value: string;
  readonly at: Position;
}

export interface RootfsApp {
  readonly name: string;
  readonly imageMounts: readonly RootfsMount[];
  readonly imageAt: Position;
  /** A layer may be placed on top of its image's /etc. */
  readonly hasPlainEtc: boolean;
  readonly readOnly: boolean;
  /** Set-user-id bits and file capabilities in its root have no effect, whoever executes the file. */
  readonly nosuid: boolean;
  /** The image's, if the manifest names none; made if it is missing. */
  readonly workingDirectory?: string | undefined;
  readonly mounts: readonly RootfsMountPoint[];
  /** Cgroup directories to show below /sys/fs/cgroup. */
  readonly cgroupViews: readonly { readonly name: string; readonly path: Text }[];
  /** Paths inside its root. */
  readonly maskedPaths: readonly Protected[];
  readonly readOnlyPaths: readonly Protected[];
  readonly at: Position;
}

/** A device node of the host that appears in the pod's /dev. */
export interface DeviceNode {
  /** Path below /dev. */
  readonly name: string;
  readonly source: string;
  readonly major: number;
  readonly minor: number;
  readonly at: Position;
}

/** Files with a common size limit: writable layers of apps, and volumes. */
export interface Store {
  /** Also the name of its directory. */
  readonly name: string;
  /** What enforces the limit: a project quota, or a file system of that size in memory or on an image. */
  readonly method: 'project' | 'memory' | 'image';
  readonly bytes: bigint;
  readonly apps: readonly string[];
  readonly volumes: readonly string[];
  readonly at: Position;
}

export interface RootfsInput {
  readonly apps: readonly RootfsApp[];
  readonly volumes: readonly RootfsVolume[];
  readonly stores: readonly Store[];
  /** In addition to those of every pod; may contain duplicates. */
  readonly deviceNodes: readonly DeviceNode[];
  /** Where writable directories are made: in the pod's own directory, in memory, or at another path. */
  readonly storage: 'pod' | 'memory' | { readonly path: string };
  /** For every app's /etc; absent: the image's file is used. */
  readonly machineId?: string | undefined;
  /** /etc/hosts and /etc/resolv.conf are not known at hand-off: they are in the pod's directory when the attach tape is played. */
  readonly hasLateFiles?: boolean;
  /** The pod has its own user namespace, and its mounts are mapped into it. */
  readonly userns: boolean;
  /** The monitor of a normal user is itself in a user namespace. */
  readonly isNormalUser: boolean;
  /** Only ids below this number exist in the pod; undefined: all ids. */
  readonly ids: number | undefined;
  /** The pod shares the host's network namespace. */
  readonly hostNetwork: boolean;
  /** Namespaces that belong to another pod. */
  readonly joined: readonly ('net' | 'ipc' | 'uts')[];
  /** Directory that holds all unpacked layers side by side. */
  readonly layersDir: string;
  /** Overlays accept detached mounts as layers. */
  readonly detachedLayers: boolean;
  /** Masked and read-only kernel paths that exist here. */
  readonly kernelPaths: ReadonlySet<string>;
  /** Sysctls of the pod's namespaces: a name with dots, and the text. */
  readonly sysctls: readonly {
    readonly value: { readonly name: string; readonly text: string };
    readonly at: Position;
  }[];
  readonly podAt: Position;
}
