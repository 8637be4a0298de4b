// Preloaded into a process: from the k-th write below a folder on, or at it alone, the system refuses.
// Build: cc -shared -fPIC -O1 -o faults.so faults.c -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { ONCE = 0, FROM_THEN_ON = 1, HALF = 2 };

static char under[4096];
static int strikes_at, error_given, how, seen;

void faults_arm(const char *folder, int k, int error, int mode) {
    strncpy(under, folder, sizeof under - 1);
    strikes_at = k, error_given = error, how = mode, seen = 0;
}

int faults_seen(void) { return seen; }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int below(const char *path) {
    size_t n = strlen(under);
    return n && path && strncmp(path, under, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static int ours(int fd) {
    char link[64], path[4096];
    if (!under[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return below(path);
}

static int strikes(void) {
    seen++;
    return strikes_at && (seen == strikes_at || (how == FROM_THEN_ON && seen > strikes_at));
}

#define REFUSE do { errno = error_given; return -1; } while (0)

ssize_t write(int fd, const void *data, size_t n) {
    if (ours(fd) && strikes()) {
        if (how == HALF && n > 1) return REAL(write)(fd, data, n / 2);
        REFUSE;
    }
    return REAL(write)(fd, data, n);
}

#define PWRITE(name, offset) \
    ssize_t name(int fd, const void *data, size_t n, offset at) { \
        if (ours(fd) && strikes()) { \
            if (how == HALF && n > 1) return REAL(name)(fd, data, n / 2, at); \
            REFUSE; \
        } \
        return REAL(name)(fd, data, n, at); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define OF_FD(name, list, pass) \
    int name list { \
        if (ours(fd) && strikes()) REFUSE; \
        return REAL(name) pass; \
    }
OF_FD(fsync, (int fd), (fd))
OF_FD(fdatasync, (int fd), (fd))
OF_FD(ftruncate, (int fd, off_t n), (fd, n))
OF_FD(ftruncate64, (int fd, off64_t n), (fd, n))

#define OF_PATH(name, list, pass) \
    int name list { \
        if (below(path) && strikes()) REFUSE; \
        return REAL(name) pass; \
    }
OF_PATH(rename, (const char *path, const char *other), (path, other))
OF_PATH(unlink, (const char *path), (path))
OF_PATH(mkdir, (const char *path, mode_t mode), (path, mode))

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        int mode = va_arg(rest, int); \
        va_end(rest); \
        if ((flags & O_CREAT) && below(path) && strikes()) REFUSE; \
        return REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
