import { noOperands } from '../arguments.ts';
import { CALLER_CHECKS } from '../doctor/caller.ts';
import type { Finding } from '../doctor/check.ts';
import { type NamedFinding, tryIsolators } from '../doctor/isolators.ts';
import { KERNEL_CHECKS } from '../doctor/kernel.ts';
import { mountChecks } from '../doctor/mounts.ts';
import { NAMESPACE_CHECKS } from '../doctor/namespaces.ts';
import { PROGRAM_CHECKS } from '../doctor/programs.ts';
import { SECURITY_MODULE_CHECKS } from '../doctor/security-modules.ts';
import { render } from '../format.ts';
import { renderTable } from '../table.ts';
import type { Style } from '../terminal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'doctor',
  purpose:
    'Tries everything pods need from this host, then every isolator, and says what to do where something is missing.',
  usage: ['pod doctor [-o FORMAT]'],
  examples: [['pod doctor', 'print a table; exit 1 if something is missing']],
  flags: [outputFlag()],
  notes: ['The checks leave nothing behind. -o name prints what is missing or limited.'],
  run: doctor,
};

const STYLES: Readonly<Record<Finding['status'], Style>> = { OK: 'green', limited: 'yellow', missing: 'red' };

async function doctor(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const { flags, root, terminal } = invocation;
  const findings: NamedFinding[] = [];
  const isRoot = process.geteuid!() === 0;
  const checks = isRoot ? [...KERNEL_CHECKS, ...NAMESPACE_CHECKS, ...mountChecks(root)] : CALLER_CHECKS;
  for (const { name, run } of [...checks, ...SECURITY_MODULE_CHECKS, ...PROGRAM_CHECKS])
    findings.push({ name, ...(await run()) });
  // Without what a pod needs at all there is nothing to try them with.
  if (findings.every(({ status }) => status !== 'missing')) findings.push(...(await tryIsolators(root)));
  const rows = findings.map(({ name, status, detail, remedy }) => [
    name,
    { text: status, style: STYLES[status] },
    detail,
    remedy ?? '',
  ]);
  const shown = await render(flags.value('output') ?? 'table', {
    value: () => findings,
    names: () => findings.filter(({ status }) => status !== 'OK').map(({ name }) => name),
    text: () => renderTable(terminal, ['WHAT', 'STATUS', 'FOUND', 'WHAT TO DO'], rows),
  });
  terminal.out(shown);
  return findings.some(({ status }) => status === 'missing') ? 1 : 0;
}
