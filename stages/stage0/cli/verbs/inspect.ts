import { PodError } from '../../error.ts';
import { readHistory, readFinal } from '../../pod/events.ts';
import { readLedger } from '../../pod/ledger.ts';
import { readRecord } from '../../pod/record.ts';
import { readStatus } from '../../pod/status.ts';
import { PodStore } from '../../pod/store.ts';
import { onlyOperand } from '../arguments.ts';
import { formatValue, render } from '../format.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'inspect',
  purpose:
    'Shows everything recorded about a pod: status, record, journal, and the ledger of what the pod took from the host.',
  usage: ['pod inspect POD [-o FORMAT]'],
  examples: [
    ['pod inspect web', 'print as JSON'],
    ['pod inspect web -o yaml', 'print as YAML'],
  ],
  flags: [outputFlag()],
  notes: ['The default output is JSON. There is no table format: -o table prints YAML.'],
  completes: ['pods', 'nothing'],
  run: inspect,
};

async function inspect(invocation: Invocation): Promise<number> {
  const { flags, root, terminal } = invocation;
  const store = new PodStore(root);
  const { uuid } = store.find(onlyOperand(invocation, 'POD'));
  const status = readStatus(store, uuid);
  const pod = store.locate(uuid);
  if (!status || !pod) throw new PodError('pod/not-found', `inspect pod ${uuid}: it was removed`);
  const { path } = pod;
  const all = {
    ...status,
    path,
    record: readRecord(path) ?? null,
    events: readHistory(path),
    final: readFinal(path) ?? null,
    ledger: readLedger(path),
  };
  const shown = await render(flags.value('output') ?? 'json', {
    value: () => all,
    names: () => [uuid],
    text: () => formatValue(all, 'yaml'),
  });
  terminal.out(shown);
  return 0;
}
