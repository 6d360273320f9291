import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { NAMESPACE_CHECKS } from '../../../stages/stage0/cli/doctor/namespaces.ts';
import { ISOLATORS } from '../../../stages/stage0/isolators/registry.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy?: string;
}

test('doctor tries every isolator in a pod, says why one cannot be had, and leaves nothing', async () => {
  const findings = JSON.parse(await podOk(['doctor', '-o', 'json'], { root })) as Finding[];
  const of = (name: string): Finding | undefined => findings.find((finding) => finding.name === name);
  for (const { name, trials = [] } of ISOLATORS)
    for (const each of [name, ...trials.map((trial) => `${name} ${trial.of}`)]) assert.ok(of(each), each);
  for (const name of [
    'resource/memory',
    'resource/cpu',
    'resource/network-bandwidth',
    'os/linux/net-class',
    'os/linux/rlimits',
  ])
    assert.equal(of(name)?.status, 'OK', of(name)?.detail);
  assert.ok(of('security modules'));
  for (const { status, detail, remedy } of findings) assert.ok(status === 'OK' || remedy, detail);
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('doctor-')),
    [],
  );
});

/** In a network namespace with this chain. */
async function firewallFinding(chain: string): Promise<Finding> {
  const script = `nft 'add table inet own; add chain inet own guard { ${chain} }' && exec "$@"`;
  const wrapper = ['unshare', '-n', 'sh', '-c', script, 'sh'];
  const { stdout } = await pod(['doctor', '-o', 'json'], { root, wrapper });
  return (JSON.parse(stdout) as Finding[]).find(({ name }) => name === 'other firewalls')!;
}

test('a firewall that drops forwarded packets by default is named, with what to add to it', async () => {
  const dropping = await firewallFinding('type filter hook forward priority 0; policy drop;');
  assert.equal(dropping.status, 'limited');
  assert.match(dropping.detail, /"inet own guard"$/);
  assert.match(dropping.remedy!, /nft insert rule inet own guard iifname "pod\*" accept/);
  for (const harmless of ['type filter hook forward priority 0;', 'type filter hook input priority 0; policy drop;'])
    assert.equal((await firewallFinding(harmless)).status, 'OK', harmless);
});

test('a host whose nameservers pods cannot reach is told so', async () => {
  const file = `${root}/resolv.conf`;
  const finding = async (text: string): Promise<Finding> => {
    writeFileSync(file, text);
    const wrapper = ['unshare', '-m', 'sh', '-c', `mount --bind ${file} /etc/resolv.conf && exec "$@"`, 'sh'];
    const { stdout } = await pod(['doctor', '-o', 'json'], { root, wrapper });
    return (JSON.parse(stdout) as Finding[]).find(({ name }) => name === 'name servers')!;
  };
  assert.equal((await finding('nameserver 127.0.0.1\nnameserver fe80::1\n')).status, 'limited');
  assert.equal((await finding('nameserver 127.0.0.1\nnameserver 192.0.2.53\n')).status, 'OK');
});

test('a state directory that cannot be written is what is missing', async () => {
  const { exitCode, stdout } = await pod(['doctor', '--root', '/proc/nowhere']);
  assert.equal(exitCode, 1, stdout);
  assert.match(stdout, /^overlay +missing +.*'\/proc\/nowhere' +.*--root$/m);
});

test('who has tried every namespace is where he was', async () => {
  const place = (): string[] =>
    ['cwd', 'ns/mnt', 'ns/uts', 'ns/net', 'ns/pid_for_children'].map((name) =>
      readlinkSync(`/proc/thread-self/${name}`),
    );
  const before = place();
  for (const { run } of NAMESPACE_CHECKS) assert.equal((await run()).status, 'OK');
  assert.deepEqual(place(), before);
});

/** In a chroot, the kernel refuses user namespaces. */
const IN_CHROOT = 'mkdir "$0" && mount --rbind / "$0" && mount -t tmpfs inside "$0/mnt" && exec chroot "$0" "$@"';

test('in a chroot, it is the state directory in there that is tried', async () => {
  const wrapper = ['unshare', '--mount', 'sh', '-c', IN_CHROOT, `${root}/chroot`];
  const { stdout } = await pod(['doctor'], { root: '/mnt/state', wrapper });
  assert.match(stdout, /^overlay +OK /m);
  assert.match(stdout, /^idmapped mounts +limited +not checked: no user namespace +see "user namespaces"$/m);
  assert.equal(existsSync('/mnt/state'), false);
});
