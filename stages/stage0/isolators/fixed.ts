/** Why an isolator cannot change while its pod runs, in words that "…: " can stand before. */

/** What the kernel lets nobody change of a process from outside. */
export const OF_A_PROCESS = 'a process has it from its start, and nobody can change it from outside';

/** What could be changed from outside, but not in what init starts the app from again. */
export const UNTIL_RESTART = 'a process could be given it, but the next start of the app would bring back the old one';

/** What is in the pod's mount or network namespace, where nothing of the host's enters. */
export const IN_THE_POD = "it is made in the pod's own namespaces when it starts, and nothing enters them later";
