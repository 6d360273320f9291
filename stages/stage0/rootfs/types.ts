import type { Text } from '../../tape/program.ts';
import type { Position } from '../error.ts';
import type { ImageMount } from '../image/types.ts';
import type { MountSpec, SnapshotLayer, VolumeSpec } from '../manifest/spec.ts';

/** A volume, and for the `host` kind what its source turned out to be. */
export type RootfsVolume = VolumeSpec & {
  readonly isFile: boolean;
  /** Of the `empty` kind, on disk: a directory whose contents it starts with. */
  readonly layer?: SnapshotLayer | undefined;
};

/** One of an app's overlays: a part of its image, and a snapshot's layer on top of it. */
export type RootfsMount = ImageMount & { readonly layer?: SnapshotLayer | undefined };

/** What an app mounts of a volume. */
export type RootfsMountPoint = MountSpec & {
  /** What its subPath names in a host volume is no directory. */
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
  /** Its image's /etc may have a layer on top of it. */
  readonly hasPlainEtc: boolean;
  readonly readOnly: boolean;
  /** Set-user-id bits and file capabilities in its root mean nothing, whoever executes the file. */
  readonly nosuid: boolean;
  /** Of the image, when the manifest names none: made where it is missing. */
  readonly workingDirectory?: string | undefined;
  readonly mounts: readonly RootfsMountPoint[];
  /** Cgroup directories to show below /sys/fs/cgroup. */
  readonly cgroupViews: readonly { readonly name: string; readonly path: Text }[];
  /** Inside its root. */
  readonly maskedPaths: readonly Protected[];
  readonly readOnlyPaths: readonly Protected[];
  readonly at: Position;
}

/** A node of the host's that appears in /dev of the pod. */
export interface DeviceNode {
  /** Below /dev. */
  readonly name: string;
  readonly source: string;
  readonly major: number;
  readonly minor: number;
  readonly at: Position;
}

/** Files whose bytes are limited, and together: writable layers of apps, and volumes. */
export interface Store {
  /** Of a directory, too. */
  readonly name: string;
  /** What counts them: a project quota, or a file system of that size in memory or on an image. */
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
  /** Besides those of every pod; some may be named more than once. */
  readonly deviceNodes: readonly DeviceNode[];
  /** Where writable directories are made: in the pod's own, in memory, or (a path) somewhere else. */
  readonly storage: 'pod' | 'memory' | { readonly path: string };
  /** In every app's /etc; absent: what the image has there. */
  readonly machineId?: string | undefined;
  /** The pod has a user namespace of its own, and what it mounts is mapped into it. */
  readonly userns: boolean;
  /** The monitor is in a user namespace itself, a normal user's. */
  readonly isNormalUser: boolean;
  /** The ids below this one are somebody's in the pod; undefined: they all are. */
  readonly ids: number | undefined;
  /** The pod shares the host's network namespace. */
  readonly hostNetwork: boolean;
  /** Namespaces that are another pod's. */
  readonly joined: readonly ('net' | 'ipc' | 'uts')[];
  /** Directory that holds all unpacked layers side by side. */
  readonly layersDir: string;
  /** An overlay takes detached mounts as its layers. */
  readonly detachedLayers: boolean;
  /** Masked and read-only kernel paths that exist here. */
  readonly kernelPaths: ReadonlySet<string>;
  /** Of the pod's namespaces: name with dots, and text. */
  readonly sysctls: readonly {
    readonly value: { readonly name: string; readonly text: string };
    readonly at: Position;
  }[];
  readonly podAt: Position;
}
