import { mapAll, PodError } from '../error.ts';
import { BYTES_PATTERN, parseBytes, showBytes } from '../manifest/quantity.ts';
import { requireController } from './controllers.ts';
import { findingOf } from './finding.ts';
import { boundOf, unlessEmpty } from './in-force.ts';
import type { CgroupWrite, Draft, Isolator, IsolatorContext } from './isolator.ts';

/** Bytes by the size of the pages. */
type HugetlbValue = Readonly<Record<string, string | number>>;

/** One directory a size the kernel has, `hugepages-2048kB`. */
const SIZES = '/sys/kernel/mm/hugepages';

function lower(value: HugetlbValue, draft: Draft, context: IsolatorContext): void {
  const { version } = requireController(context, 'hugetlb', HUGETLB.name);
  mapAll(Object.entries(value), ([size, limit]) => {
    const at = context.atOf(`/${size}`);
    const [pageBytes, bytes] = mapAll([size, limit], (quantity) => parseBytes(quantity, at)) as [bigint, bigint];
    requireSize(size, pageBytes, context);
    if (bytes % pageBytes !== 0n) {
      const message = `limit huge pages of ${size} to "${limit}": it is not a whole number of pages`;
      throw new PodError('manifest/schema', message, {
        at,
        hint: `did you mean ${(bytes / pageBytes + 1n) * pageBytes}?`,
      });
    }
    addLimits(draft, context, { version, size, name: sizeName(pageBytes), bytes, at });
  });
}

function requireSize(size: string, bytes: bigint, context: IsolatorContext): void {
  const names = findingOf(context.host, 'names', SIZES) ?? [];
  if (names.includes(`hugepages-${bytes / 1024n}kB`)) return;
  const sizes = names.map((name) => name.slice('hugepages-'.length));
  throw new PodError('host/unsupported', `limit huge pages of ${size}: the kernel has no pages of that size`, {
    at: context.atOf(`/${size}`),
    hint: `it has ${sizes.join(', ') || 'none at all'}`,
  });
}

/** mm/hugetlb_cgroup.c, mem_fmt */
function sizeName(bytes: bigint): string {
  if (bytes >= 1n << 30n) return `${bytes >> 30n}GB`;
  return bytes >= 1n << 20n ? `${bytes >> 20n}MB` : `${bytes >> 10n}KB`;
}

/** Of x86_64 and aarch64 with any size of plain pages; most kernels have one or two. */
const PAGE_SIZES = ['64KB', '2MB', '16MB', '32MB', '512MB', '1GB', '16GB'];

interface Limit {
  readonly version: 1 | 2;
  readonly size: string;
  readonly name: string;
  readonly bytes: bigint;
  readonly at: IsolatorContext['at'];
}

/** The limit on reservations makes mmap fail with ENOMEM; that on use alone ends the program by SIGBUS when it touches the page. */
function addLimits(draft: Draft, context: IsolatorContext, { version, size, name, bytes, at }: Limit): void {
  const file = version === 2 ? 'max' : 'limit_in_bytes';
  const why = `limit huge pages of ${size} to ${showBytes(bytes)}`;
  const bound = context.pod?.cgroup.find((write) => write.file === `hugetlb.${name}.${file}`);
  if (bound && bytes > BigInt(bound.value)) {
    throw new PodError(
      'manifest/schema',
      `${why}: the pod as a whole is limited to ${showBytes(BigInt(bound.value))}`,
      { at },
    );
  }
  const other = draft.cgroup.find((write) => write.file === `hugetlb.${name}.${file}`);
  if (other) {
    throw new PodError(
      'manifest/duplicate',
      `${why}: pages of that size are limited to ${showBytes(BigInt(other.value))} already`,
      {
        at,
      },
    );
  }
  const unset = version === 2 ? 'max' : '-1';
  const common: Omit<CgroupWrite, 'file'> = { controller: 'hugetlb', value: `${bytes}`, at, why, unset };
  // until Linux 5.7: no reservations.
  draft.cgroup.push(
    { ...common, file: `hugetlb.${name}.rsvd.${file}`, optional: true },
    { ...common, file: `hugetlb.${name}.${file}` },
  );
}

export const HUGETLB: Isolator<HugetlbValue> = {
  name: 'resource/hugetlb',
  example: { '2Mi': '4Mi' },
  scopes: ['app', 'pod'],
  schema: {
    type: 'object',
    description:
      'Memory in huge pages, by page size. The kernel supports certain sizes (x86_64: "2Mi" and "1Gi"). A size that is not given has no limit.',
    minProperties: 1,
    additionalProperties: { type: ['string', 'integer'], pattern: BYTES_PATTERN, minimum: 0 },
    examples: [{ '2Mi': '64Mi' }],
  },
  look: () => [`names ${SIZES}`],
  lower,
  readBack: ({ control }) =>
    unlessEmpty(
      Object.fromEntries(
        PAGE_SIZES.flatMap((name) => {
          const limit = { 1: `hugetlb.${name}.limit_in_bytes`, 2: `hugetlb.${name}.max` };
          const used = { 1: `hugetlb.${name}.usage_in_bytes`, 2: `hugetlb.${name}.current` };
          return [
            [`limit${name}Bytes`, boundOf(control('hugetlb', limit))],
            [`used${name}Bytes`, boundOf(control('hugetlb', used))],
          ];
        }),
      ),
    ),
};
