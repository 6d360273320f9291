import { PodError } from '../error.ts';

type Labels = Readonly<Record<string, string>>;

/** `tier=front,env!=test,canary`: all must hold; a bare key must be there. */
export function parseSelector(text: string): (labels: Labels) => boolean {
  const tests = text.split(',').map((term) => parseTerm(term.trim(), text));
  return (labels) => tests.every((test) => test(labels));
}

function parseTerm(term: string, whole: string): (labels: Labels) => boolean {
  const match = /^([^=!\s]+)(?:(!?=)=?([^=!\s]*))?$/.exec(term);
  if (!match) {
    throw new PodError('cli/usage', `selector "${whole}": "${term}" is not a test`, {
      hint: 'tests are key=value, key!=value or key',
    });
  }
  const [, key, operator, value] = match;
  return (labels) => {
    const label = Object.hasOwn(labels, key!) ? labels[key!] : undefined;
    if (operator === undefined) return label !== undefined;
    return operator === '=' ? label === value : label !== value;
  };
}
