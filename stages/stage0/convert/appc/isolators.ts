import { ISOLATORS } from '../../isolators/registry.ts';
import { show } from '../../manifest/show.ts';
import { suggestionHint } from '../../manifest/suggest.ts';
import type { Findings } from '../findings.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { namedValues } from './named-values.ts';

/** Those of appc have the same names and values here. */
export function convertIsolators(list: Node, scope: 'app' | 'pod', to: Target, findings: Findings): void {
  const known = ISOLATORS.filter(({ scopes }) => scopes.includes(scope)).map(({ name }) => name);
  for (const { name, value, from } of namedValues(list, findings)) {
    const isolators = to.map('isolators', list);
    if (isolators.has(name)) findings.wrong(from, `the isolator ${show(name)} is there twice`);
    else if (known.includes(name)) isolators.set(name, value.value, value);
    else {
      const hint = suggestionHint(name, known, 'the isolators are') ?? '"pod explain isolators" lists those there are';
      findings.lose(from, hint, `there is no isolator ${show(name)} of ${scope === 'app' ? 'an app' : 'a pod'}`);
    }
  }
}
