"""The system calls that the process may still make (seccomp): none that leads out of it."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

__all__ = ["filter_system_calls"]

# System calls that are let through, numbered as in the kernel's tables for the two machines that matter (x86_64, aarch64): what
# CPython, NumPy, SciPy, pandas, SymPy, Matplotlib, JAX and IPython need to work in one process. All others are refused, those
# too that a later kernel will have. If a library needs another one, it belongs here once it is clear that it reaches no other
# process and takes no memory that the limits do not count.
_ALLOWED = {
    # files and folders
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67), "pwrite64": (18, 68),
    "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287), "lseek": (8, 62),
    "open": (2, None), "openat": (257, 56), "creat": (85, None), "close": (3, 57), "stat": (4, None), "fstat": (5, 80),
    "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291), "statfs": (137, 43), "fstatfs": (138, 44),
    "access": (21, None), "faccessat": (269, 48), "readlink": (89, None), "readlinkat": (267, 78), "getdents": (78, None),
    "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "mkdir": (83, None),
    "mkdirat": (258, 34), "rmdir": (84, None), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276),
    "link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36), "unlink": (87, None),
    "unlinkat": (263, 35), "truncate": (76, 45), "ftruncate": (77, 46), "fallocate": (285, 47), "fadvise64": (221, 223),
    "flock": (73, 32), "fsync": (74, 82), "fdatasync": (75, 83), "sendfile": (40, 71), "copy_file_range": (326, 285),
    "getxattr": (191, 8), "lgetxattr": (192, 9), "fgetxattr": (193, 10), "listxattr": (194, 11), "llistxattr": (195, 12),
    "flistxattr": (196, 13), "umask": (95, 166), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "pipe": (22, None), "pipe2": (293, 59),
    # waiting, and the connected pair of sockets with which asyncio wakes itself
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "epoll_create": (213, None),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "eventfd2": (290, 19), "sendto": (44, 206), "recvfrom": (45, 207), "shutdown": (48, 210), "getsockname": (51, 204),
    "getpeername": (52, 205), "getsockopt": (55, 209), "setsockopt": (54, 208),
    # memory that is counted
    "brk": (12, 214), "mmap": (9, 222), "munmap": (11, 215), "mremap": (25, 216), "mprotect": (10, 226),
    "madvise": (28, 233), "msync": (26, 227), "membarrier": (324, 283),
    # threads
    "exit": (60, 93), "exit_group": (231, 94), "futex": (202, 98), "set_robust_list": (273, 99),
    "set_tid_address": (218, 96), "rseq": (334, 293), "arch_prctl": (158, None), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "wait4": (61, 260), "waitid": (247, 95),
    # signals to itself
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigpending": (127, 136), "rt_sigreturn": (15, 139),
    "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137), "sigaltstack": (131, 132), "pause": (34, None),
    "alarm": (37, None), "getitimer": (36, 102), "setitimer": (38, 103), "restart_syscall": (219, 128),
    # the time
    "time": (201, None), "gettimeofday": (96, 169), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "times": (100, 153),
    # who and where it is
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getpgid": (121, 155), "getpgrp": (111, None),
    "getsid": (124, 156), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "getrlimit": (97, 163),
    "getrusage": (98, 165), "getpriority": (140, 141), "getcpu": (309, 168), "capget": (125, 90), "sysinfo": (99, 179),
    "uname": (63, 160), "getrandom": (318, 278),
}  # fmt: skip
# From here on, all machines number their calls alike. Of such a newer call the process hears that the kernel has none, since
# the C library then does the same with older calls: a thread by clone instead of clone3, whose flags can be looked at.
_NEWER = 424
# Who may do what with a file, and its times, are outside of Landlock's rules. The call says that it was done and does
# nothing, so that copying a file goes on as it would.
_WITHOUT_EFFECT = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "setxattrat": (463, 463),
    "removexattrat": (466, 466), "file_setattr": (469, 469),
}  # fmt: skip
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Calls that are looked at more closely.
_LOOKED_AT = {
    "clone": (56, 220), "socketpair": (53, 199), "prlimit64": (302, 261), "tgkill": (234, 131), "fcntl": (72, 25),
    "ioctl": (16, 29), "prctl": (157, 167),
}  # fmt: skip
# Of calls that do many things, where their command stands (0 is the first argument) and which are let through. Others have the
# kernel send signals to another process, type into a terminal, change a file's flags, or let this process outlive the grader.
_COMMANDS = {
    # DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW, the same locks of an open file, DUPFD_CLOEXEC
    "fcntl": (1, (*range(8), 36, 37, 38, 1030)),
    # TCGETS, TCGETS2 and TIOCGWINSZ (is it a terminal, how wide?), FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
    "ioctl": (1, (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
    # GET_DUMPABLE, SET_NAME, GET_NAME, SET_VMA: names for threads and for parts of the memory
    "prctl": (0, (3, 15, 16, 0x53564D41)),
}
_EPERM, _ENOSYS, _EAGAIN = 1, 38, 11


def filter_system_calls() -> bool:
    """No new process, no other program, no signal to others, no socket but a connected pair (seccomp); threads stay.

    What is not known to be needed is refused. Linux only. Returns whether the filter is in force.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCHITECTURES:
        return False
    column = list(_ARCHITECTURES).index(machine)
    number = {name: numbers[column] for name, numbers in _LOOKED_AT.items()}
    # A program for the kernel's packet filter: (code, jump if true, jump if false, constant).
    load, mask, equal, at_least, has_bits, give = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
    first, second, third = 16, 24, 32  # where an argument's low half lies; its high half follows
    allow, refuse = 0x7FFF0000, 0x00050000
    program: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),  # the architecture: another one's numbers mean other calls
        (equal, 1, 0, _ARCHITECTURES[machine]),
        (give, 0, 0, refuse | _EPERM),
        (load, 0, 0, 0),  # the call
        (at_least, 0, 1, 0x40000000),
        (give, 0, 0, refuse | _EPERM),
    ]
    for calls, answer in ((_ALLOWED, allow), (_WITHOUT_EFFECT, refuse)):
        for numbers in calls.values():
            if (known := numbers[column]) is not None:
                program += [(equal, 0, 1, known), (give, 0, 0, answer)]
    for name, (argument, commands) in _COMMANDS.items():
        program += [(equal, 0, 2 * len(commands) + 2, number[name])]
        program += [(load, 0, 0, first + 8 * argument)]
        for command in commands:
            program += [(equal, 0, 1, command), (give, 0, 0, allow)]
        program += [(give, 0, 0, refuse | _EPERM)]
    program += [
        (equal, 0, 4, number["clone"]),
        (load, 0, 0, first),
        (has_bits, 0, 1, 0x10000),  # a thread
        (give, 0, 0, allow),
        (give, 0, 0, refuse | _EAGAIN),
        (equal, 0, 5, number["socketpair"]),
        (load, 0, 0, second),
        (mask, 0, 0, 0xF),
        (equal, 0, 1, 1),  # a stream, which asyncio uses; datagrams can be sent to somebody else
        (give, 0, 0, allow),
        (give, 0, 0, refuse | _EPERM),
        (equal, 0, 4, number["tgkill"]),
        (load, 0, 0, first),
        (equal, 0, 1, os.getpid()),  # its own threads, as when it aborts
        (give, 0, 0, allow),
        (give, 0, 0, refuse | _EPERM),
        (equal, 0, 6, number["prlimit64"]),
        (load, 0, 0, third),  # the new limit: none where a limit is only asked for
        (equal, 0, 2, 0),
        (load, 0, 0, third + 4),
        (equal, 1, 0, 0),
        (give, 0, 0, refuse | _EPERM),
        (give, 0, 0, allow),
        (at_least, 0, 1, _NEWER),
        (give, 0, 0, refuse | _ENOSYS),
        (give, 0, 0, refuse | _EPERM),
    ]
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: a short, padding, a pointer
    header = struct.pack("=H6xQ", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_filter, mode = 38, 22, 2
    return (
        libc.prctl(no_new_privileges, 1, 0, 0, 0) == 0
        and libc.prctl(set_filter, mode, header, 0, 0) == 0
    )
