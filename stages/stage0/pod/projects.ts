/** Claims of project ids, which count files on one file system. A store of a pod holds its id as long as the pod's files exist. */
export const PROJECT_KIND = 'project';
