// systemd.service(5), systemd.syntax(7)

/** A unit of a manifest is a pod's life; one of a folder watches it, and its pods outlive it. */
export interface UnitInput {
  readonly kind: 'manifest' | 'folder';
  /** Of people: a pod's name or a folder. */
  readonly subject: string;
  /** All words, the program first; absolute. */
  readonly command: readonly string[];
  /** Absolute; what has to be mounted before. */
  readonly paths: readonly string[];
  /** How long a stop may take. */
  readonly stopMs: number;
}

/** Images may have to be unpacked, and apps wait for others. */
const START_LIMIT = '10min';
const WATCHDOG = '2min';

/** The text of a service unit. */
export function renderUnit({ kind, subject, command, paths, stopMs }: UnitInput): string {
  const sections = [
    [
      '[Unit]',
      `Description=${specifiersEscaped(oneLine(`pod ${subject}`))}`,
      `RequiresMountsFor=${paths.map(quoted).join(' ')}`,
      'Wants=network-online.target',
      'After=network-online.target',
    ],
    [
      '[Service]',
      'Type=notify',
      `ExecStart=${commandLine(command)}`,
      `TimeoutStartSec=${START_LIMIT}`,
      `TimeoutStopSec=${Math.ceil(stopMs / 1000)}s`,
      ...(kind === 'manifest' ? POD : WATCH),
    ],
    ['[Install]', 'WantedBy=multi-user.target'],
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

const POD = [
  '# Only the pod gets the stop signal: it stops its apps in their order.',
  'KillMode=mixed',
  '# The exit code of an app that was stopped by SIGTERM.',
  'SuccessExitStatus=143',
  '# Apps are restarted by the restart policies of the manifest.',
  'Restart=no',
];

const WATCH = [
  `WatchdogSec=${WATCHDOG}`,
  '# When the watcher ends, its pods keep running.',
  'KillMode=process',
  'ExecReload=/bin/kill -HUP $MAINPID',
  'Restart=on-failure',
  'RestartSec=5s',
];

/**
 * systemd looks for variables in the words, unless the command begins with a colon; before version 244 it knows no colon, so
 * that is there only when a word has a dollar sign.
 */
function commandLine(words: readonly string[]): string {
  const prefix = words.some((word) => word.includes('$')) ? ':' : '';
  return `${prefix}${words.map(quoted).join(' ')}`;
}

const PLAIN = /^[\w./:@,+=~-]+$/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\t': '\\t', '\r': '\\r' };

/** One word of a list, whatever is in it. */
function quoted(word: string): string {
  if (PLAIN.test(word)) return word;
  // eslint-disable-next-line no-control-regex -- they are what has to be escaped
  const escaped = word.replaceAll(/["\\\u0000-\u001f\u007f]/g, (char) => {
    return ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${specifiersEscaped(escaped)}"`;
}

/** What is for people only, and may hold anything: a line that ends in a backslash would go on. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- they would begin another setting
  return text.replaceAll(/[\u0000-\u001f\u007f]/g, '?').replace(/\\$/, '\\ /');
}

function specifiersEscaped(text: string): string {
  return text.replaceAll('%', '%%');
}
