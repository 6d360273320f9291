/* System calls a pod should not get far with. Arguments are such that success does no harm. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef AF_ALG
#define AF_ALG 38
#endif
#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#define RAW_ICMP 1
#define NETLINK_AUDIT_FAMILY 9
#define X32_GETPID (0x40000000L | 39)

void try_in_child(const char *name, long (*attempt)(void))
{
	char text[32] = "";
	int fds[2], status;
	pid_t child;

	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	child = fork();
	if (child == 0) {
		const char *result = outcome(attempt());

		_exit(write(fds[1], result, strlen(result)) < 0);
	}
	close(fds[1]);
	if (child > 0 && read(fds[0], text, sizeof(text) - 1) <= 0 && waitpid(child, &status, 0) == child)
		snprintf(text, sizeof(text), "killed by %s", WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "nothing");
	else if (child > 0)
		waitpid(child, &status, 0);
	close(fds[0]);
	json_string(name, child < 0 ? outcome(-1) : text);
}

#define TRY(name, expression) \
	static long try_##name(void) { return (long)(expression); }

TRY(mount, mount("none", "/tmp", "tmpfs", MS_NOSUID, ""))
TRY(umount_mask, umount2("/proc/kcore", MNT_DETACH))
TRY(remount_proc_sys, mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL))
TRY(fsopen, syscall(SYS_fsopen, "tmpfs", 0))
TRY(open_tree, syscall(SYS_open_tree, AT_FDCWD, "/", 1 | O_CLOEXEC))
TRY(pivot_root, syscall(SYS_pivot_root, "/", "/"))
TRY(chroot, chroot("/"))
TRY(unshare_user, unshare(CLONE_NEWUSER))
TRY(unshare_mount, unshare(CLONE_NEWNS))
TRY(unshare_net, unshare(CLONE_NEWNET))
TRY(clone_user, syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0))
TRY(clone3, syscall(SYS_clone3, NULL, 0))
TRY(setns, setns(open("/proc/1/ns/mnt", O_RDONLY), CLONE_NEWNS))
TRY(bpf, syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0))
TRY(perf_event_open, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0))
TRY(userfaultfd, syscall(SYS_userfaultfd, O_CLOEXEC))
TRY(io_uring_setup, syscall(SYS_io_uring_setup, 1, NULL))
TRY(keyctl, syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0))
TRY(add_key, syscall(SYS_add_key, "user", "probe", "x", 1, KEY_SPEC_PROCESS_KEYRING))
TRY(request_key, syscall(SYS_request_key, "user", "probe-absent", NULL, 0))
TRY(ptrace_self, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
TRY(ptrace_init, ptrace(PTRACE_SEIZE, 1, NULL, NULL))
TRY(kcmp_init, syscall(SYS_kcmp, 1, getpid(), 0, 0, 0))
TRY(pidfd_getfd_init, syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, 1, 0), 0, 0))
TRY(socket_alg, socket(AF_ALG, SOCK_SEQPACKET, 0))
TRY(socket_vsock, socket(AF_VSOCK, SOCK_STREAM, 0))
TRY(socket_packet, socket(AF_PACKET, SOCK_RAW, 0))
TRY(socket_raw, socket(AF_INET, SOCK_RAW, RAW_ICMP))
TRY(socket_audit, socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT_FAMILY))
TRY(socket_unix, socket(AF_UNIX, SOCK_STREAM, 0))
TRY(mknod_null, mknod("/tmp/.probe-null", S_IFCHR | 0600, makedev(1, 3)))
TRY(mknod_disk, mknod("/tmp/.probe-disk", S_IFBLK | 0600, makedev(8, 0)))
TRY(mknod_fifo, mknod("/tmp/.probe-fifo", S_IFIFO | 0600, 0))
TRY(kexec_load, syscall(SYS_kexec_load, 0, 0, NULL, 0))
TRY(init_module, syscall(SYS_init_module, NULL, 0, ""))
TRY(delete_module, syscall(SYS_delete_module, "probe-absent", O_NONBLOCK))
TRY(swapon, syscall(SYS_swapon, "/probe-absent", 0))
TRY(acct, syscall(SYS_acct, "/probe-absent"))
TRY(quotactl, syscall(SYS_quotactl, 0, "/probe-absent", 0, NULL))
TRY(syslog, syscall(SYS_syslog, 10, NULL, 0))
TRY(sethostname, sethostname("probe", 5))
/* Nothing to set, and no magic number: only the right to is asked for. */
TRY(settimeofday, syscall(SYS_settimeofday, NULL, NULL))
TRY(clock_settime, syscall(SYS_clock_settime, CLOCK_REALTIME, NULL))
TRY(reboot, syscall(SYS_reboot, 0, 0, 0, NULL))
TRY(fanotify_init, syscall(SYS_fanotify_init, 0, O_RDONLY))
TRY(personality_no_random, personality(ADDR_NO_RANDOMIZE))
TRY(personality_exec, personality(READ_IMPLIES_EXEC))
TRY(setuid_root, setuid(0))
TRY(signal_init, kill(1, SIGKILL))

/* By nothing at all, where it is allowed. */
static long try_clock_adjtime(void)
{
	struct timex step = { .modes = ADJ_SETOFFSET };

	return syscall(SYS_clock_adjtime, CLOCK_REALTIME, &step);
}

static long try_open_by_handle_at(void)
{
	struct { struct file_handle handle; unsigned char bytes[8]; } file = { .handle = { .handle_bytes = 8, .handle_type = 1 } };

	return syscall(SYS_open_by_handle_at, AT_FDCWD, &file, O_RDONLY);
}

static long try_read_init_memory(void)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)0x400000, 1 };

	return process_vm_readv(1, &local, 1, &remote, 1, 0);
}

#ifdef __x86_64__
static long try_i386_getpid(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	errno = result < 0 ? (int)-result : 0;
	return result;
}

static long try_x32_getpid(void)
{
	return syscall(X32_GETPID);
}
#endif

struct try {
	const char *name;
	long (*attempt)(void);
};

#define ROW(name) { #name, try_##name }

static const struct try TRIES[] = {
	ROW(mount), ROW(umount_mask), ROW(remount_proc_sys), ROW(fsopen), ROW(open_tree), ROW(pivot_root), ROW(chroot),
	ROW(unshare_user), ROW(unshare_mount), ROW(unshare_net), ROW(clone_user), ROW(clone3), ROW(setns), ROW(bpf),
	ROW(perf_event_open), ROW(userfaultfd), ROW(io_uring_setup), ROW(keyctl), ROW(add_key), ROW(request_key),
	ROW(ptrace_self), ROW(ptrace_init), ROW(kcmp_init), ROW(pidfd_getfd_init), ROW(socket_alg), ROW(socket_vsock),
	ROW(socket_packet), ROW(socket_raw), ROW(socket_audit), ROW(socket_unix), ROW(mknod_null), ROW(mknod_disk),
	ROW(mknod_fifo), ROW(kexec_load), ROW(init_module), ROW(delete_module), ROW(swapon), ROW(acct), ROW(quotactl),
	ROW(syslog), ROW(sethostname), ROW(settimeofday), ROW(clock_settime), ROW(clock_adjtime), ROW(reboot), ROW(fanotify_init), ROW(personality_no_random), ROW(personality_exec), ROW(setuid_root),
	ROW(open_by_handle_at), ROW(read_init_memory), ROW(signal_init),
#ifdef __x86_64__
	ROW(i386_getpid), ROW(x32_getpid),
#endif
};

void report_tries(void)
{
	json_open("tries", '{');
	for (size_t i = 0; i < sizeof(TRIES) / sizeof(*TRIES); i++)
		try_in_child(TRIES[i].name, TRIES[i].attempt);
	json_close('}');
	unlink("/tmp/.probe-null");
	unlink("/tmp/.probe-disk");
	unlink("/tmp/.probe-fifo");
}
