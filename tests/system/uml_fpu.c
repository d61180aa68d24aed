/* Preloaded under user-mode-linux 6.1 by canvm.sh.
 *
 * That kernel keeps 2696 bytes of floating-point state for each process. On a processor with more
 * of it (AMX), the host's PTRACE_SETREGSET refuses so short a buffer with EFAULT and the guest
 * panics before its first program. Here the state is read back at its full size, the kernel's
 * part is laid over it, and the whole is written.
 *
 * ptrace(2) of glibc returns the word of a PEEK as its result; raw system calls store it. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long ask(long request, pid_t pid, void *addr, void *data)
{
    return syscall(SYS_ptrace, request, pid, addr, data);
}

static long set_wide(pid_t pid, void *addr, const struct iovec *given)
{
    static char state[65536] __attribute__((aligned(64))); /* called from one thread only */
    struct iovec whole = {.iov_base = state, .iov_len = sizeof(state)};
    if (ask(PTRACE_GETREGSET, pid, addr, &whole) != 0 || given->iov_len >= whole.iov_len)
        return ask(PTRACE_SETREGSET, pid, addr, (void *)given);
    memcpy(state, given->iov_base, given->iov_len);
    return ask(PTRACE_SETREGSET, pid, addr, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
    va_list ap;
    va_start(ap, request);
    pid_t pid = va_arg(ap, pid_t);
    void *addr = va_arg(ap, void *), *data = va_arg(ap, void *);
    va_end(ap);

    if (request == PTRACE_SETREGSET && (unsigned long)addr == NT_X86_XSTATE)
        return set_wide(pid, addr, data);
    if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
        long word;
        if (ask(request, pid, addr, &word) < 0)
            return -1;
        errno = 0;
        return word;
    }
    return ask(request, pid, addr, data);
}
