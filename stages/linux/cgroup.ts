// cgroups(7), statfs(2), clone3(2)

/** `f_type` of a version 1 hierarchy. */
export const CGROUP_SUPER_MAGIC = 0x27e0eb;
/** `f_type` of the version 2 hierarchy. */
export const CGROUP2_SUPER_MAGIC = 0x63677270;

/** Makes the new process a member of the cgroup whose directory descriptor is in `clone_args.cgroup`; version 2 only. */
export const CLONE_INTO_CGROUP = 0x2_0000_0000n;
