// The calls of the default filter, as docker's profile lists them (moby/profiles 0.2.3), for 64-bit architectures.

import type { CapabilityName } from '../../linux/capabilities.ts';

/** One blank between two; a pattern would take longer than everything else about the filter. */
function names(text: string): readonly string[] {
  return text.split(' ');
}

/** Allowed to every app. A name one architecture lacks is passed over there. */
export const ALLOWED_CALLS: readonly string[] = names(
  'accept accept4 access adjtimex alarm arch_prctl bind brk cachestat capget capset chdir chmod chown ' +
    'clock_adjtime clock_getres clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup ' +
    'dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait ' +
    'epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate ' +
    'fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock ' +
    'fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue futex_wait futex_waitv ' +
    'futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid geteuid ' +
    'getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid ' +
    'getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr getxattrat ' +
    'inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents ' +
    'io_pgetevents io_setup io_submit ioctl ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset ' +
    'landlock_restrict_self lchown lgetxattr link linkat listen listmount listxattr listxattrat llistxattr ' +
    'lremovexattr lseek lsetxattr lstat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore ' +
    'mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap modify_ldt mprotect mq_getsetattr mq_notify mq_open ' +
    'mq_timedreceive mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall ' +
    'munmap name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe ' +
    'pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease ' +
    'process_vm_readv process_vm_writev pselect6 ptrace pwrite64 pwritev pwritev2 read readahead readlink ' +
    'readlinkat readv recvfrom recvmmsg recvmsg remap_file_pages removexattr removexattrat rename renameat ' +
    'renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn ' +
    'rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min ' +
    'sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity ' +
    'sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop ' +
    'sendfile sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid ' +
    'setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt ' +
    'setuid setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 socketpair ' +
    'splice stat statfs statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time ' +
    'timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime ' +
    'timerfd_settime times tkill truncate umask uname unlink unlinkat uretprobe utime utimensat utimes vfork ' +
    'vmsplice wait4 waitid write writev',
);

/** Allowed to an app whose bounding set has the capability. Some stand under more than one: any of them will do. */
export const CAPABILITY_CALLS: readonly (readonly [CapabilityName, readonly string[]])[] = [
  ['CAP_DAC_READ_SEARCH', names('open_by_handle_at')],
  [
    'CAP_SYS_ADMIN',
    names(
      'bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr ' +
        'lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl ' +
        'quotactl_fd setdomainname sethostname setns syslog umount2 unshare',
    ),
  ],
  ['CAP_SYS_BOOT', names('reboot')],
  ['CAP_SYS_CHROOT', names('chroot')],
  ['CAP_SYS_MODULE', names('delete_module finit_module init_module')],
  ['CAP_SYS_PACCT', names('acct')],
  ['CAP_SYS_PTRACE', names('kcmp pidfd_getfd process_madvise')],
  ['CAP_SYS_RAWIO', names('ioperm iopl')],
  ['CAP_SYS_TIME', names('clock_settime settimeofday')],
  ['CAP_SYS_TTY_CONFIG', names('vhangup')],
  ['CAP_SYS_NICE', names('get_mempolicy mbind set_mempolicy set_mempolicy_home_node')],
  ['CAP_SYSLOG', names('syslog')],
  ['CAP_BPF', names('bpf')],
  ['CAP_PERFMON', names('perf_event_open')],
];

/**
 * Refused with EPERM whatever the capabilities. What stands nowhere in this file is answered ENOSYS, as if the kernel were too
 * old for it, so that libraries fall back instead of failing; io_uring is among that on purpose.
 */
export const REFUSED_CALLS: readonly string[] = names(
  '_sysctl add_key create_module get_kernel_syms kexec_file_load kexec_load keyctl migrate_pages move_pages ' +
    'nfsservctl pivot_root query_module request_key swapoff swapon sysfs userfaultfd uselib ustat',
);
