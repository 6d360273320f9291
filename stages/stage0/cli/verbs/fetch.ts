import { fetch } from '../image/fetch.ts';
import { outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'fetch',
  purpose: 'Fetches images; the same as pod image fetch.',
  usage: ['pod fetch REF… [-o FORMAT]'],
  examples: [
    ['pod fetch docker://docker.io/library/nginx:1.27', 'fetch what the tag stands for now; print its digest'],
    ['pod fetch oci:./images/nginx', 'verify and unpack an image before it is needed'],
  ],
  flags: [outputFlag()],
  completes: ['images'],
  run: (invocation) => fetch(invocation, invocation.operands),
};
