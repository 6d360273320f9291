import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PodError } from '../../../../../stages/stage0/error.ts';
import { addToNetwork, removeFromNetwork } from '../../../../../stages/stage0/network/cni/chain.ts';
import { eventually } from '../../../../harness/eventually.ts';
import { Scripts } from './scripts.ts';

const scripts = new Scripts();
const { lockFd } = scripts;
const AT = { file: 'web.yaml', line: 4, col: 17 };

/** Logs what it is asked and answers with its own name as an interface. */
scripts.add(
  'record',
  `log "$(cat)"
log "$CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS $CNI_IFNAME $CNI_ARGS"
log "$(env | grep -vE '^(CNI_|PWD=|SHLVL=|_=)' | sort | tr '\\n' ' ')"
echo '{"cniVersion":"1.0.0","interfaces":[{"name":"'$CNI_COMMAND'"}]}'
`,
);
const RESULT = { cniVersion: '1.0.0', interfaces: [{ name: 'ADD' }] };
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Requests as values, everything else as it was logged. */
function logged(): unknown[] {
  return scripts.log().map((line) => (line.startsWith('{') ? JSON.parse(line) : line.trim()));
}

test('each plugin gets its own configuration, the result of the one before and what it is capable of; DEL goes backwards', async () => {
  const ports = [{ hostPort: 8080, port: 80, protocol: 'tcp' as const, hostIP: '127.0.0.1' }];
  const plugins = [
    { type: 'record', mtu: 1400 },
    { type: 'record', capabilities: { portMappings: true, ips: true }, runtimeConfig: { own: 1 } },
  ];
  const state = scripts.state(plugins, { ports });
  assert.deepEqual(await addToNetwork(state, { lockFd, at: AT }), RESULT);
  const common = { type: 'record', name: 'lan', cniVersion: '1.0.0' };
  const portMappings = [{ hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1' }];
  const first = { ...common, mtu: 1400 };
  const second = { ...common, runtimeConfig: { own: 1, portMappings } };
  const called = (command: string): string[] => [
    `${command} c1 /run/netns/pod-c1 eth0 IgnoreUnknown=1;POD_NAME=web`,
    `PATH=${PATH}`,
  ];
  assert.deepEqual(logged(), [first, ...called('ADD'), { ...second, prevResult: RESULT }, ...called('ADD')]);
  await removeFromNetwork({ ...state, result: RESULT }, state.netns, { lockFd });
  assert.deepEqual(logged(), [
    { ...second, prevResult: RESULT },
    ...called('DEL'),
    { ...first, prevResult: RESULT },
    ...called('DEL'),
  ]);
});

test('until 0.4.0, a plugin is not told the result again; without a namespace it is told none', async () => {
  const state = scripts.state([{ type: 'record' }], { result: RESULT }, '0.3.1');
  await removeFromNetwork(state, '', { lockFd });
  assert.deepEqual(logged().slice(0, 2), [
    { type: 'record', name: 'lan', cniVersion: '0.3.1' },
    'DEL c1  eth0 IgnoreUnknown=1;POD_NAME=web',
  ]);
});

async function failure(script: string, limitMs?: number): Promise<PodError> {
  scripts.add('fail', script);
  const state = scripts.state([{ type: 'fail' }, { type: 'record' }]);
  try {
    await addToNetwork(state, { lockFd, at: AT, limitMs });
  } catch (error) {
    assert.ok(error instanceof PodError, String(error));
    assert.deepEqual([error.code, error.at], ['network/plugin', AT]);
    assert.deepEqual(scripts.log(), [], 'the next plugin is not called');
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

test("a plugin's error is shown with its details and code, at the manifest's line", async () => {
  const json = '{"cniVersion":"1.0.0","code":11,"msg":"no free address","details":"in 10.0.0.0/30"}';
  const { message } = await failure(`echo '${json}'; exit 1`);
  const head = 'put the pod on CNI network "lan": plugin "fail": ';
  assert.equal(message, `${head}no free address: in 10.0.0.0/30 (code 11)`);
  assert.equal((await failure('echo oh >&2; exit 3')).message, `${head}oh (exit code 3)`);
  assert.equal((await failure('kill -9 $$')).message, `${head}killed by SIGKILL`);
  assert.equal((await failure('echo hello')).message, `${head}it printed no result`);
  assert.equal((await failure('exec tr "\\0" x < /dev/zero')).message, `${head}it printed more than 1 MiB`);
});

/** A dead one that nobody has waited for is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a plugin that does not finish is killed with all that it started, and so is one that nobody waits for any more', async () => {
  const { message } = await failure(`sleep 1000 & echo $! > ${scripts.dir}/sleeper; wait`, 300);
  assert.match(message, /it did not finish in 0\.3 s$/);
  const sleeper = Number(readFileSync(`${scripts.dir}/sleeper`, 'utf8'));
  await eventually(() => Promise.resolve(assert.equal(isAlive(sleeper), false)));
  const signal = AbortSignal.timeout(100);
  scripts.add('hang', 'exec sleep 1000');
  const hanging = addToNetwork(scripts.state([{ type: 'hang' }]), { lockFd, signal });
  await assert.rejects(hanging, (error) => error === signal.reason);
});

test('a plugin that is missing is named with the directories', async () => {
  await assert.rejects(
    addToNetwork(scripts.state([{ type: 'nonesuch' }]), { lockFd, at: AT }),
    (error) => error instanceof PodError && error.code === 'host/tool' && error.message.endsWith(`in ${scripts.dir}`),
  );
});
