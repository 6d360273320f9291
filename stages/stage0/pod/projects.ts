/** Claims of project ids, which count files of one file system: a store of a pod has one for as long as the pod's files are there. */
export const PROJECT_KIND = 'project';
