import { playSuite } from './suite.ts';
import { UML } from './uml.ts';

const NAMES = ['own-pids', 'process', 'seccomp', 'seccomp-profile'];
playSuite(
  UML,
  'v2',
  NAMES.map((name) => `isolators/${name}`),
);
