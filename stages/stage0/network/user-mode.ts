// slirp4netns(1)

/**
 * A network without privilege: a program of the user's own takes the pod's packets from a tap device and makes ordinary connections
 * of them. It is the mode of a normal user's pods that ask for a bridge; the addresses are the program's defaults.
 */
export const USER_MODE = 'slirp4netns';
export const USER_LINK = 'tap0';
export const USER_IP4 = '10.0.2.100';
/** It answers for the host's resolvers, which the pod may not reach: they may be on the host's loopback. */
export const USER_DNS = '10.0.2.3';
