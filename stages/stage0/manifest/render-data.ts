// Diagnostics for programs: objects, SARIF 2.1.0 and the workflow commands of GitHub Actions.

import { ERROR_CODES } from '../error.ts';
import { type Diagnostic, type Diagnostics, listDiagnostics } from './diagnostics.ts';

/** `[{severity, code, message, hint, file, line, col}]`, by place. */
export function toObjects(diagnostics: Diagnostics): object[] {
  return listDiagnostics(diagnostics).map(({ severity, error }) => ({
    severity,
    code: error.code,
    message: error.message,
    hint: error.hint,
    file: error.at?.file,
    line: error.at?.line,
    col: error.at?.col,
  }));
}

/** One run of the tool `pod`; see the OASIS standard "Static Analysis Results Interchange Format". */
export function renderSarif(diagnostics: Diagnostics, toolVersion: string): string {
  const list = listDiagnostics(diagnostics);
  const codes = [...new Set(list.map(({ error }) => error.code))].sort();
  const rules = codes.map((code) => ({ id: code, shortDescription: { text: ERROR_CODES[code] } }));
  const driver = { name: 'pod', version: toolVersion, rules };
  const results = list.map((diagnostic) => sarifResult(diagnostic, codes.indexOf(diagnostic.error.code)));
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function sarifResult({ severity, error }: Diagnostic, ruleIndex: number): object {
  const text = error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  const { at } = error;
  const location = at && {
    physicalLocation: {
      artifactLocation: { uri: uriOf(at.file) },
      region: { startLine: at.line, startColumn: at.col },
    },
  };
  return {
    ruleId: error.code,
    ruleIndex,
    level: severity,
    message: { text },
    ...(location && { locations: [location] }),
  };
}

/** A relative path becomes a relative reference; `a:b` must not read as a scheme. */
function uriOf(file: string): string {
  const path = file.split('/').map(encodeURIComponent).join('/');
  return file.startsWith('/') ? `file://${path}` : path;
}

/** One workflow command a diagnostic; GitHub shows them beside the lines. */
export function renderGithub(diagnostics: Diagnostics): string {
  return listDiagnostics(diagnostics)
    .map(({ severity, error }) => {
      const { at, code, hint, message } = error;
      const place = at ? `file=${property(at.file)},line=${at.line},col=${at.col},` : '';
      const text = hint === undefined ? message : `${message}\n${hint}`;
      return `::${severity} ${place}title=${property(code)}::${commandData(text)}\n`;
    })
    .join('');
}

function commandData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return commandData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
