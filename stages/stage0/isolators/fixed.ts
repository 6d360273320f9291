/** Why an isolator cannot change while its pod runs, in words that "…: " can stand before. */

/** What the kernel lets nobody change of a process from outside. */
export const OF_A_PROCESS = 'it is fixed when a process starts, and cannot be changed from outside';

/** What could be changed from outside, but not in what init starts the app from again. */
export const UNTIL_RESTART =
  'it could be changed in a process, but the next start of the app would restore the old value';

/** What is in the pod's mount or network namespace, where nothing of the host's enters. */
export const IN_THE_POD = "it is set up in the pod's own namespaces when the pod starts, and cannot be changed later";
