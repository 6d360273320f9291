import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, appWith, HEAD, onlyError, parse, places, specOf } from './parse-case.ts';

/** The manifest, with a mark before the place of its only error, and the error's code. */
type Wrong = readonly [marked: string, code: string];

const MARK = '▶';

function refusesEach(cases: Readonly<Record<string, Wrong>>): void {
  for (const [name, [marked, code]] of Object.entries(cases)) {
    const before = marked.slice(0, marked.indexOf(MARK)).split('\n');
    const place = `${before.length}:${before.at(-1)!.length + 1}`;
    test(`refused: ${name}`, () => {
      assert.ok(marked.includes(MARK));
      assert.deepEqual(places(parse(marked.replace(MARK, '')).errors), [`${place} ${code}`]);
    });
  }
}

const SITE = 'volumes: [{name: site, kind: inline, files: {a/b.txt: x}}]\n';
const mount = (fields: string): string => `${appWith(`mounts: [{${fields}}]`)}${SITE}`;

refusesEach({
  'an app without an image': [`${HEAD}apps: [▶{name: a}]\n`, 'manifest/schema'],
  'a pod without apps': [`${HEAD}apps: ▶[]\n`, 'manifest/schema'],
  'a field without a value': [`${HEAD}${APP}volumes:▶\n`, 'manifest/schema'],
  'two apps of one name': [`${HEAD}apps: [{name: a, image: host}, {name: ▶a, image: host}]\n`, 'manifest/duplicate'],
  'a volume whose kind is a number': [`${HEAD}${APP}volumes: [{name: v, kind: ▶5}]\n`, 'manifest/schema'],
  'a volume whose kind is a map': [`${HEAD}${APP}volumes: [{name: v, kind: ▶{empty: x}}]\n`, 'manifest/schema'],
  'an isolator whose name is a list': [appWith('isolators: [{name: ▶[a], value: 1}]'), 'manifest/schema'],
  'two volumes of one name': [
    `${HEAD}${APP}volumes: [{name: v, kind: empty}, {name: ▶v, kind: empty}]\n`,
    'manifest/duplicate',
  ],
  'two ports of one name': [appWith('ports: [{name: p, port: 1}, {name: ▶p, port: 2}]'), 'manifest/duplicate'],
  'one isolator twice in a list': [
    appWith('isolators: [{name: resource/pids, value: {limit: 5}}, {name: ▶resource/pids, value: {limit: 6}}]'),
    'manifest/duplicate',
  ],
  'a name longer than 63': [`${HEAD}apps: [{name: ▶${'a'.repeat(64)}, image: host}]\n`, 'manifest/schema'],
  'a name that ends in a hyphen': [`${HEAD}apps: [{name: ▶a-, image: host}]\n`, 'manifest/schema'],
  'a host name of 65 letters': [`${HEAD}${APP}hostname: ▶${'a.'.repeat(32)}a\n`, 'manifest/schema'],
});

refusesEach({
  'a mount of an unknown volume': [appWith('mounts: [{volume: ▶site, path: /a}]'), 'manifest/reference'],
  'a relative mount path': [mount('volume: site, path: ▶srv'), 'manifest/schema'],
  'a mount path with ..': [mount('volume: site, path: ▶/a/../b'), 'manifest/schema'],
  'a mount path with an empty part': [mount('volume: site, path: ▶/a//b'), 'manifest/schema'],
  'a mount on the root': [mount('volume: site, path: ▶/'), 'manifest/schema'],
  'a mount below /proc': [mount('volume: site, path: ▶/proc/sys'), 'manifest/schema'],
  'a mount on /sys': [mount('volume: site, path: ▶/sys'), 'manifest/schema'],
  'a mount on /dev': [mount('volume: site, path: ▶/dev'), 'manifest/schema'],
  'two mounts on one path': [mount('volume: site, path: /a}, {volume: site, path: ▶/a'), 'manifest/duplicate'],
  'a subPath that leads out': [mount('volume: site, path: /a, subPath: ▶../x'), 'manifest/schema'],
  'an absolute subPath': [mount('volume: site, path: /a, subPath: ▶/x'), 'manifest/schema'],
  'a subPath that an inline volume lacks': [mount('volume: site, path: /a, subPath: ▶b'), 'manifest/reference'],
});

const inline = (files: string): string => `${HEAD}${APP}volumes: [{name: v, kind: inline, files: {${files}}}]\n`;

refusesEach({
  'an absolute inline file': [inline('▶/a: x'), 'manifest/schema'],
  'an inline file that leads out': [inline('▶a/../../b: x'), 'manifest/schema'],
  'an inline file with a dot': [inline('▶./a: x'), 'manifest/schema'],
  'an inline file that is a directory too': [inline('a/b: x, ▶a: y'), 'manifest/duplicate'],
  'an inline file that is a number': [inline('a: ▶5'), 'manifest/schema'],
  'an inline volume without files': [
    `${HEAD}${APP}volumes: [{name: v, kind: inline, files: ▶{}}]\n`,
    'manifest/schema',
  ],
  'an inline file whose name is too long': [inline(`▶${'a'.repeat(256)}: x`), 'manifest/schema'],
  'a size with a wrong unit': [`${HEAD}${APP}volumes: [{name: v, kind: empty, size: ▶1Gi1}]\n`, 'manifest/schema'],
  'a size above 2^63': [`${HEAD}${APP}volumes: [{name: v, kind: empty, size: ▶9Ei}]\n`, 'manifest/schema'],
  'a size of nothing': [`${HEAD}${APP}volumes: [{name: v, kind: empty, size: ▶0}]\n`, 'manifest/schema'],
  'a source in a home directory': [`${HEAD}${APP}volumes: [{name: v, kind: host, source: ▶~/x}]\n`, 'manifest/schema'],
});

const port = (fields: string): string => appWith(`ports: [{name: p, ${fields}}]`);

refusesEach({
  'port 0': [port('port: ▶0'), 'manifest/schema'],
  'port 65536': [port('port: ▶65536'), 'manifest/schema'],
  'a hostIP that is a name': [port('port: 1, hostPort: 1, hostIP: ▶localhost'), 'manifest/schema'],
  'a hostIP with a leading zero': [port('port: 1, hostPort: 1, hostIP: ▶127.0.0.01'), 'manifest/schema'],
  'a hostIP that is a URL': [port('port: 1, hostPort: 1, hostIP: ▶"::1]/["'), 'manifest/schema'],
  'one address in two spellings': [
    port('port: 1, hostPort: 80, hostIP: "::1"}, {name: q, port: 2, hostPort: ▶80, hostIP: "0:0::1"'),
    'manifest/duplicate',
  ],
  'a hostIP without a hostPort': [port('port: 1, ▶hostIP: 127.0.0.1'), 'manifest/schema'],
  'one hostPort twice': [
    port('port: 1, hostPort: 80}, {name: q, port: 2, hostPort: ▶80, hostIP: 127.0.0.1'),
    'manifest/duplicate',
  ],
});

test('one hostPort on two addresses, or for two protocols, is fine', () => {
  specOf(port('port: 1, hostPort: 80, hostIP: 127.0.0.1}, {name: q, port: 2, hostPort: 80, hostIP: 127.0.0.2'));
  specOf(port('port: 1, hostPort: 80}, {name: q, port: 1, hostPort: 80, protocol: udp'));
});

const headers = (text: string): string => appWith(`probes: {ready: {http: {port: 1, headers: {${text}}}}}`);

refusesEach({
  'a uid above 2^32 - 2': [appWith('user: ▶4294967295'), 'manifest/schema'],
  'a uid above 2^32 - 2 in quotes': [appWith('user: ▶"4294967295"'), 'manifest/schema'],
  'a negative uid': [appWith('user: ▶-1'), 'manifest/schema'],
  'a uid with leading zeros': [appWith('user: ▶"0100"'), 'manifest/schema'],
  'a uid in octal': [appWith('user: ▶0100'), 'manifest/schema'],
  'a uid outside the user namespace': [appWith('user: ▶65536'), 'manifest/schema'],
  'more ids than a pod can have': [`${HEAD}${APP}userns: {size: ▶65537}\n`, 'manifest/schema'],
  'a gid outside the user namespace': [appWith('supplementaryGids: [5, ▶70000]'), 'manifest/schema'],
  'a user name with a colon': [appWith('user: ▶"a:b"'), 'manifest/schema'],
  'a variable name with =': [appWith('env: {▶"A=B": x}'), 'manifest/schema'],
  'a variable without a name': [appWith('env: {▶"": x}'), 'manifest/schema'],
  'a NUL in a variable': [appWith('env: {A: ▶"x\\0y"}'), 'manifest/schema'],
  'a line break in HOME': [appWith('env: {HOME: ▶"/a\\nb"}'), 'manifest/schema'],
  'a relative working directory': [appWith('workingDirectory: ▶srv'), 'manifest/schema'],
  'a working directory with ..': [appWith('workingDirectory: ▶/a/../b'), 'manifest/schema'],
  'an empty command': [appWith('exec: ▶[]'), 'manifest/schema'],
  'a command without a name': [appWith('exec: [▶""]'), 'manifest/schema'],
  'a NUL in an argument': [appWith('exec: [a, ▶"b\\0"]'), 'manifest/schema'],
  'a number as an argument': [appWith('exec: [sleep, ▶5]'), 'manifest/schema'],
  'an unknown signal': [appWith('stop: {signal: ▶SIGFOO}'), 'manifest/schema'],
  'a grace period without a unit': [appWith('stop: {grace: ▶10}'), 'manifest/schema'],
  'a grace period above the longest': [appWith('stop: {grace: ▶9999h}'), 'manifest/schema'],
  'an unknown restart policy': [appWith('restart: {policy: ▶sometimes}'), 'manifest/schema'],
  'a probe that tries nothing': [appWith('probes: {▶live: {period: 1s}}'), 'manifest/schema'],
  'a probe that tries two things': [appWith('probes: {live: {tcp: {port: 1}, ▶exec: [x]}}'), 'manifest/schema'],
  'a probe without a pause': [appWith('probes: {live: {tcp: {port: 1}, period: ▶0s}}'), 'manifest/schema'],
  'a probe with a command without a name': [appWith('probes: {live: {exec: [▶""]}}'), 'manifest/schema'],
  'a probe of port 0': [appWith('probes: {live: {tcp: {port: ▶0}}}'), 'manifest/schema'],
  'a probe of a port nobody named': [appWith('probes: {live: {tcp: {port: ▶web}}}'), 'manifest/reference'],
  'a probe of a udp port': [
    appWith('ports: [{name: dns, port: 53, protocol: udp}]', 'probes: {live: {tcp: {port: ▶dns}}}'),
    'manifest/reference',
  ],
  'a probe of a host by name': [appWith('probes: {live: {grpc: {port: 1, host: ▶db.example}}}'), 'manifest/schema'],
  'a path with a space': [appWith('probes: {ready: {http: {port: 1, path: ▶"/a b"}}}'), 'manifest/schema'],
  'a header with a line break': [headers('A: ▶"x\\r\\ny: z"'), 'manifest/schema'],
  'a header whose name has a colon': [headers('▶"A:": x'), 'manifest/schema'],
  'a header twice': [headers('host: a, ▶Host: b'), 'manifest/duplicate'],
  'a header that is the probe’s': [headers('▶connection: keep-alive'), 'manifest/schema'],
  'an image without a scheme': [`${HEAD}apps: [{name: a, image: ▶nginx}]\n`, 'manifest/schema'],
  'an image without a path': [`${HEAD}apps: [{name: a, image: ▶"oci:"}]\n`, 'manifest/schema'],
  'an image with a tag and no path': [`${HEAD}apps: [{name: a, image: ▶"oci::tag"}]\n`, 'manifest/schema'],
  'a registry image with a wrong digest': [
    `${HEAD}apps: [{name: a, image: ▶"docker://h/r@sha256:abc"}]\n`,
    'manifest/schema',
  ],
});

test('every form of image, user and userns is accepted', () => {
  const images = [
    'host',
    'dir:.',
    'dir:/x',
    'tar:a.tar.gz',
    'oci:./x',
    'oci:/x:v1',
    'docker-archive:x.tar',
    'aci:x.aci',
  ];
  const registry = [
    'docker://docker.io/library/nginx:1.27',
    'docker://localhost:5000/a/b',
    `docker://h/r:t@sha256:${'a'.repeat(64)}`,
  ];
  for (const image of [...images, ...registry]) specOf(`${HEAD}apps: [{name: a, image: "${image}"}]\n`);
  for (const user of ['0', '1000', 'www-data', '"1000"', '/etc/passwd', 'machine$']) specOf(appWith(`user: ${user}`));
  for (const userns of ['auto', 'host', '{size: 1}']) specOf(`${HEAD}${APP}userns: ${userns}\n`);
  specOf(`${appWith('user: 60000')}userns: {size: 60001}\n`);
  specOf(`${appWith('user: 4294967294')}userns: host\n`);
});

const waiting = (...lines: string[]): string =>
  `${HEAD}apps:\n${lines.map((line) => `  - {image: host, ${line}}\n`).join('')}`;

refusesEach({
  'an app that waits for itself': [waiting('name: a, after: [{app: ▶a}]'), 'manifest/cycle'],
  'an app that waits for nobody': [waiting('name: a, after: [{app: ▶b}]'), 'manifest/reference'],
  'a circle of three': [
    waiting('name: a, after: [{app: b}]', 'name: b, after: [{app: c}]', 'name: c, after: [{app: ▶a}]'),
    'manifest/cycle',
  ],
  'hooks without time': [appWith('hooks: {preStart: [a], timeout: ▶0s}'), 'manifest/schema'],
  'a pause of nothing': [appWith('restart: {policy: always, backoff: {initial: ▶0ms}}'), 'manifest/schema'],
  'a cap of nothing': [appWith('restart: {policy: always, backoff: {initial: 1ms, cap: ▶0s}}'), 'manifest/schema'],
  'a cap below the first pause': [
    appWith('restart: {policy: always, backoff: ▶{initial: 2s, cap: 1s}}'),
    'manifest/schema',
  ],
  'one app waited for twice': [waiting('name: a, after: [{app: b}, {app: ▶b}]', 'name: b'), 'manifest/duplicate'],
});

test('a circle names its apps in order', () => {
  const text = waiting('name: d, after: [{app: a}]', 'name: a, after: [{app: b}]', 'name: b, after: [{app: a}]');
  assert.match(onlyError(text).message, /a → b → a/);
});

test('a long chain and a diamond are no circles', () => {
  specOf(
    waiting(
      'name: a',
      'name: b, after: [{app: a}]',
      'name: c, after: [{app: a}]',
      'name: d, after: [{app: b}, {app: c}]',
    ),
  );
  specOf(
    waiting(
      ...Array.from(
        { length: 2000 },
        (_, index) => `name: a${index}, after: [${index === 1999 ? '' : `{app: a${index + 1}}`}]`,
      ),
    ),
  );
});

test('what cannot take effect is a warning, not an error', () => {
  const cases: [string, string][] = [
    [`${HEAD}${APP}volumes: [{name: v, kind: empty}]\n`, '5:18 manifest/reference'],
    [appWith('restart: {policy: never, maxRetries: 3}'), '7:42 manifest/schema'],
    [`${port('port: 1, hostPort: 1')}network: {mode: none}\n`, '7:42 manifest/schema'],
    [`${port('port: 1, hostPort: 2')}network: {mode: host}\n`, '7:42 manifest/schema'],
    [
      waiting('name: a, ports: [{name: p, port: 1}]', 'name: b, ports: [{name: p, port: 1}]'),
      '6:52 manifest/duplicate',
    ],
  ];
  for (const [text, place] of cases) {
    const { spec, warnings } = parse(text);
    assert.ok(spec);
    assert.deepEqual(places(warnings), [place]);
  }
});

test('other dialects are refused in one sentence', () => {
  for (const text of [
    'apiVersion: v1\nkind: Pod\nspec: {}\n',
    'apiVersion: apps/v1\nkind: Deployment\n',
    'apiVersion: pod/v2\n',
    'acVersion: 0.8.11\nacKind: PodManifest\n',
  ]) {
    assert.equal(onlyError(text).code, 'manifest/unsupported', text);
  }
});

test('an isolator of apps that stands at the pod is told where it belongs', () => {
  for (const isolators of ['{os/linux/oom-score-adj: 5}', '[{name: os/linux/oom-score-adj, value: 5}]']) {
    const error = onlyError(`${HEAD}${APP}isolators: ${isolators}\n`);
    assert.deepEqual([error.code, error.hint], ['manifest/unknown-field', 'it is an isolator of apps: move it there']);
  }
});

test('isolators whose values do not fit are refused at the value', () => {
  const cases: [string, string][] = [
    ['resource/memory: {limit: ▶-1}', 'manifest/schema'],
    ['resource/memory: {limit: ▶1e309}', 'manifest/schema'],
    ['resource/memory: {limit: ▶1Gi1}', 'manifest/schema'],
    ['resource/memory: ▶64Mi', 'manifest/schema'],
    ['resource/cpu: {limit: ▶64Mi}', 'manifest/schema'],
    ['▶resource/memroy: {limit: 64Mi}', 'manifest/unknown-field'],
    ['os/linux/capabilities-retain-set: {set: [▶CAP_NOPE]}', 'manifest/schema'],
  ];
  for (const [marked, code] of cases) {
    const { errors } = parse(appWith(`isolators: {${marked.replace(MARK, '')}}`));
    assert.deepEqual(places(errors), [`7:${17 + marked.indexOf(MARK)} ${code}`], marked);
  }
});

const SERVED = `${HEAD}metadataService: true\n`;

refusesEach({
  'a served app whose name appc has not': [`${SERVED}apps: [{name: ▶a--b, image: host}]\n`, 'manifest/schema'],
  'a served volume whose name appc has not': [
    `${SERVED}${APP}volumes: [{name: ▶v--w, kind: empty}]\n`,
    'manifest/schema',
  ],
  'a metadata service that is no boolean': [`${HEAD}${APP}metadataService: ▶maybe\n`, 'manifest/schema'],
});

test('an annotation that the metadata service cannot tell is a warning at its place, and only where it serves', () => {
  const text = (served: string): string =>
    `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: a, annotations: {A B: x, ok: y}}\n${served}apps:\n  - {name: a, image: host, annotations: {created: soon}}\n`;
  assert.deepEqual(places(parse(text('metadataService: true\n')).warnings), [
    '3:40 manifest/schema',
    '6:51 manifest/schema',
  ]);
  assert.deepEqual(parse(text('')).warnings, []);
  assert.equal(specOf(text('metadataService: true\n')).metadataService?.line, 4);
  assert.equal(specOf(text('')).metadataService, undefined);
  assert.deepEqual({ ...specOf(text('')).apps[0]!.annotations }, { created: 'soon' });
});
