// cgroups(7), statfs(2)

/** `f_type` of a version 1 hierarchy. */
export const CGROUP_SUPER_MAGIC = 0x27e0eb;
/** `f_type` of the version 2 hierarchy. */
export const CGROUP2_SUPER_MAGIC = 0x63677270;
