import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from '../../../../stages/stage0/sets/describe.ts';
import { portErrors } from '../../../../stages/stage0/sets/port-errors.ts';

/** Files, codes and lines of the errors of a folder with these pods. */
async function errorsOf(
  ...pods: readonly (readonly [name: string, ports: string, more?: string])[]
): Promise<string[]> {
  const described = [];
  for (const [name, ports, more = ''] of pods) {
    const app = `- name: a\n  image: host\n  ports:\n  - {name: p, port: 80, ${ports}}`;
    const text = `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: ${name}${more}}\napps:\n${app}\n`;
    const found = await describe({ file: `${name}.pod.yaml`, path: `prod/${name}.pod.yaml`, baseDir: '/prod', text });
    assert.ok(found.description, JSON.stringify(found.errors));
    described.push(found.description);
  }
  return portErrors(described).map(({ at, code }) => `${at!.file}:${at!.line} ${code}`);
}

const after = (...pods: readonly string[]): string => `, annotations: {pod/depends-on: "${pods.join(', ')}"}`;

test('a host port of two pods is refused at the line of the second', async () => {
  assert.deepEqual(await errorsOf(['one', 'hostPort: 8080'], ['two', 'hostPort: 8080']), [
    'prod/two.pod.yaml:8 manifest/duplicate',
  ]);
  assert.deepEqual(await errorsOf(['one', 'hostPort: 8080, hostIP: 127.0.0.1'], ['two', 'hostPort: 8080']), [
    'prod/two.pod.yaml:8 manifest/duplicate',
  ]);
});

test('another port, protocol or address is not in the way', async () => {
  assert.deepEqual(
    await errorsOf(
      ['one', 'hostPort: 53, hostIP: 127.0.0.1'],
      ['two', 'hostPort: 53, hostIP: 127.0.0.2'],
      ['three', 'hostPort: 53, protocol: udp'],
      ['four', 'hostPort: 54'],
      ['five', 'protocol: tcp'],
    ),
    [],
  );
});

test('a pod may have the port of one that has ended before it starts', async () => {
  const [one, two] = [['one', 'hostPort: 80'] as const, ['two', 'hostPort: 80', after('one:completed')] as const];
  assert.deepEqual(await errorsOf(one, two), []);
  assert.deepEqual(await errorsOf(two, one), []);
  const three = ['three', 'hostPort: 81', after('one:completed')] as const;
  assert.deepEqual(await errorsOf(one, three, ['four', 'hostPort: 80', after('three')]), []);
  assert.equal((await errorsOf(one, ['two', 'hostPort: 80', after('one:ready')])).length, 1);
});

test('a cycle of dependencies, which is an error of its own, ends', async () => {
  const pods = [
    ['one', 'hostPort: 80', after('two')],
    ['two', 'hostPort: 80', after('one')],
  ] as const;
  assert.equal((await errorsOf(...pods)).length, 1);
});
