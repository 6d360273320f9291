import { ERROR_CODES, PodError } from '../../error.ts';
import type { FieldDoc, FieldPage } from '../../manifest/field-docs.ts';
import { suggestionHint } from '../../manifest/suggest.ts';
import { readDocs } from '../explain-topics.ts';
import { wrap } from '../wrap.ts';
import { render } from '../format.ts';
import { STDOUT, type Terminal } from '../terminal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'explain',
  purpose: 'Explains a manifest field, an isolator or an error code.',
  usage: ['pod explain [PATH|ISOLATOR|CODE] [-o FORMAT]'],
  examples: [
    ['pod explain', 'list the fields of a manifest'],
    [
      'pod explain apps.restart',
      'explain a field and what it holds; the form in error messages works too: apps[0].restart',
    ],
    ['pod explain resource/memory', 'explain an isolator'],
    ['pod explain manifest/cycle', 'explain an error code'],
  ],
  flags: [outputFlag()],
  completes: ['topics', 'nothing'],
  run: explain,
};

async function explain({ operands, flags, terminal }: Invocation): Promise<number> {
  const [wanted = '', ...more] = operands;
  if (more.length > 0) throw new PodError('cli/usage', 'explain takes one path or code');
  const format = flags.value('output') ?? 'table';
  const shown = Object.hasOwn(ERROR_CODES, wanted)
    ? await renderCode(wanted as keyof typeof ERROR_CODES, format)
    : await renderField(findPage(wanted), format, terminal);
  terminal.out(shown);
  return 0;
}

function renderCode(code: keyof typeof ERROR_CODES, format: string): Promise<string> {
  const means = ERROR_CODES[code];
  return render(format, {
    value: () => ({ code, means }),
    names: () => [code],
    text: () => `${code}: ${means}\n`,
  });
}

function findPage(wanted: string): FieldPage {
  const docs = readDocs();
  const given = parsePath(wanted);
  const path = docs.isolatorPath(given) ?? given;
  const page = docs.page(path);
  if (page) return page;
  const depth = path.findIndex((_, index) => docs.page(path.slice(0, index + 1)) === undefined);
  const parent = path.slice(0, depth);
  const others = depth === 0 ? [...docs.isolators(), ...Object.keys(ERROR_CODES)] : [];
  const hint =
    suggestionHint(path[depth]!, [...docs.names(parent), ...others], 'there are') ??
    `there are: ${docs.names(parent).join(', ')}`;
  const where = depth === 0 ? 'pod/v1' : parent.join('.');
  throw new PodError('cli/usage', `explain "${wanted}": there is no "${path[depth]}" in ${where}`, { hint });
}

/** `apps.restart`, or as errors have it: `apps[0].isolators["resource/cpu"].limit`. */
function parsePath(text: string): string[] {
  const parts = text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[\d+\]|([^.[\]]+)/g);
  return [...parts].flatMap(([, quoted, plain]) => quoted ?? plain ?? []);
}

function renderField(page: FieldPage, format: string, terminal: Terminal): Promise<string> {
  return render(format, {
    value: () => page,
    names: () => page.fields.map(({ path }) => path),
    text: () => pageText(page, terminal),
  });
}

function pageText(page: FieldPage, terminal: Terminal): string {
  const bold = (text: string): string => terminal.paint(STDOUT, 'bold', text);
  const lines = [
    bold(page.path === '' ? 'pod/v1' : page.path),
    ...wrap(facts(page), '  '),
    ...wrap(describe(page), ''),
  ];
  if (page.fields.length > 0) lines.push('', bold('Fields:'));
  for (const field of page.fields) {
    lines.push(`  ${bold(field.name)}  ${facts(field)}`, ...wrap(describe(field), '      '));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function facts({ type, isRequired, default: fallback }: FieldDoc): string {
  const need = isRequired ? 'required' : fallback === undefined ? '' : `default ${JSON.stringify(fallback)}`;
  return [type, need].filter((part) => part !== '').join(', ');
}

function describe({ description, examples }: FieldDoc): string {
  const shown = examples.map((example) => JSON.stringify(example)).join(', ');
  return shown === '' ? description : `${description} Example: ${shown}.`;
}
