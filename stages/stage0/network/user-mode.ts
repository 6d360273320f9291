// slirp4netns(1)

/**
 * A network without privileges: a program of the user takes the pod's packets from a tap device and makes ordinary connections of
 * them. Used for pods of normal users that ask for a bridge; the addresses are the program's defaults.
 */
export const USER_MODE = 'slirp4netns';
export const USER_LINK = 'tap0';
export const USER_IP4 = '10.0.2.100';
/** The program relays to the host's resolvers, which the pod cannot reach, because they may be on the host's loopback. */
export const USER_DNS = '10.0.2.3';
