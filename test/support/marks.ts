/** Variables of the environment that tell a process where it is. */

/** Set where a process runs apart from the machine (apart.ts). */
export const APART = 'XFF_JAIL_APART'

/** The control group that a test has for a systemd, its path in the hierarchy of cgroup2 (cgroup.ts). */
export const CGROUP = 'XFF_JAIL_CGROUP'
