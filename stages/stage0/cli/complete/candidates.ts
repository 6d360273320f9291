import { signalNames } from '../../../linux/signals.ts';
import { listImages } from '../../image/catalog.ts';
import { storeAt } from '../../image/store.ts';
import { imagesDir } from '../../pod/layout.ts';
import { readRecordIfReadable, type PodRecord } from '../../pod/record.ts';
import { type PodDir, PodStore } from '../../pod/store.ts';
import { listSets } from '../../sets/set-store.ts';
import { explainTopics } from '../explain-topics.ts';
import type { Completes, Flag } from '../flags.ts';
import { GLOBAL_FLAGS, type VerbEntry } from '../verb.ts';
import type { Line } from './line.ts';

export interface Candidate {
  readonly value: string;
  readonly help?: string;
}

/** `files`: paths of this host fit as well; the shell knows them. */
export interface Offer {
  readonly candidates: readonly Candidate[];
  readonly files?: boolean;
}

export interface Offered {
  readonly root: string;
  readonly verbs: readonly VerbEntry[];
}

/** What the word may become; only candidates that begin with it. */
export function offer(line: Line, known: Offered): Offer {
  const all = offerAll(line, known);
  const candidates = all.candidates
    .filter(({ value }) => value.startsWith(line.word))
    .map(({ value, help }) => ({ value: line.prefix + value, ...(help === undefined ? {} : { help }) }));
  return { ...all, candidates };
}

function offerAll(line: Line, { root, verbs }: Offered): Offer {
  const { wanted } = line;
  if (wanted === 'flag') return { candidates: flagsOf([...(line.verb?.flags ?? []), ...GLOBAL_FLAGS]) };
  return typeof wanted === 'string' ? SOURCES[wanted](line, root, verbs) : { candidates: plain(wanted) };
}

const SOURCES: Readonly<
  Record<Exclude<Completes, readonly string[]>, (line: Line, root: string, verbs: readonly VerbEntry[]) => Offer>
> = {
  nothing: () => ({ candidates: [] }),
  files: () => ({ candidates: [], files: true }),
  pods: (line, root) => ({ candidates: podsIn(root, line) }),
  running: (line, root) => ({ candidates: podsIn(root, line, 'run') }),
  prepared: (line, root) => ({ candidates: podsIn(root, line, 'prepared') }),
  apps: (line, root) => ({ candidates: appsIn(root, line) }),
  // A path of this host, or POD: and a path in it.
  copies: (line, root) => ({
    candidates: podsIn(root, line).map(({ value, ...rest }) => ({ ...rest, value: `${value}:` })),
    files: true,
  }),
  images: ({ operands }, root) => ({
    candidates: plain(imagesIn(root)).filter(({ value }) => !operands.includes(value)),
    files: true,
  }),
  sets: (_line, root) => ({ candidates: plain(listSets(root)) }),
  signals: () => ({ candidates: plain(signalNames()) }),
  verbs: (_line, _root, verbs) => ({ candidates: verbs.map(({ name, summary }) => ({ value: name, help: summary })) }),
  topics: ({ word }) => ({ candidates: plain(explainTopics(word)) }),
};

/** What is there; one that is to be fetched is not known yet. */
function imagesIn(root: string): string[] {
  return listImages(storeAt(imagesDir(root))).map(({ ref }) => ref);
}

function plain(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value }));
}

function flagsOf(flags: readonly Flag[]): Candidate[] {
  return flags.flatMap(({ name, short, help }) => [
    { value: `--${name}`, help },
    ...(short === undefined ? [] : [{ value: `-${short}`, help }]),
  ]);
}

/** By name; uuids come when the word begins like one, because nobody can tell them apart. Those on the line are left out. */
function podsIn(root: string, { word, operands }: Line, state?: PodDir['state']): Candidate[] {
  return recordsIn(root, state)
    .flatMap(({ uuid, name, apps }) => {
      const help = apps.map((app) => app.name).join(', ');
      const isUuid = word !== '' && uuid.startsWith(word);
      return [{ value: name, help }, ...(isUuid ? [{ value: uuid, help: name }] : [])];
    })
    .filter(({ value }) => !operands.includes(value));
}

/** Of the pod on the line; before it is there, of all pods that run. */
function appsIn(root: string, { operands }: Line): Candidate[] {
  const [wanted] = operands;
  const records = recordsIn(root, wanted === undefined ? 'run' : undefined);
  const meant = records.filter(({ uuid, name }) => wanted === undefined || name === wanted || uuid.startsWith(wanted));
  return plain([...new Set(meant.flatMap(({ apps }) => apps.map(({ name }) => name)))]);
}

function recordsIn(root: string, state?: PodDir['state']): PodRecord[] {
  const pods = new PodStore(root).list(state === undefined ? undefined : [state]);
  return pods.flatMap(({ path }) => readRecordIfReadable(path) ?? []);
}
