/*
 * Ends the process with SIGKILL at a chosen point of an admission, when this library is preloaded. A point is the moment before
 * or after a system call. There are two kinds, counted from 1 as soon as the file in ASTER_KILL_WHEN exists: `w` for each write
 * and each flush of the store of one-time credentials, `p` for each packet that is sent after the first write.
 *
 *   ASTER_KILL_AT: the point, such as w3   ASTER_KILL_STORE: the path of the store
 *   ASTER_KILL_LOG: a file to which the kind of each point is appended
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_int writes_made;
static atomic_int packets_sent;
static atomic_int begun;

static void point(char kind) {
  const char *at = getenv("ASTER_KILL_AT"), *log = getenv("ASTER_KILL_LOG");
  int number = atomic_fetch_add(kind == 'w' ? &writes_made : &packets_sent, 1) + 1;
  if (log != NULL) {
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0 || write(file, &kind, 1) != 1 || close(file) != 0) abort();
  }
  if (at != NULL && at[0] == kind && atoi(at + 1) == number) kill(getpid(), SIGKILL);
}

static int is_store(int fd) {
  char link[64], path[PATH_MAX];
  const char *store = getenv("ASTER_KILL_STORE"), *when = getenv("ASTER_KILL_WHEN");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0 || store == NULL || when == NULL) return 0;
  path[length] = 0;
  return strcmp(path, store) == 0 && access(when, F_OK) == 0;
}

/* Makes a call with a point before and after it. */
#define POINTS(kind, counts, name, type, ...)                       \
  static type real;                                                 \
  if (real == NULL) real = (type)dlsym(RTLD_NEXT, name);            \
  if (!(counts)) return real(__VA_ARGS__);                          \
  point(kind);                                                      \
  ssize_t result = real(__VA_ARGS__);                               \
  int kept = errno;                                                 \
  point(kind);                                                      \
  errno = kept;                                                     \
  return result;

static int writes(int fd) {
  int counts = is_store(fd);
  if (counts) atomic_store(&begun, 1);
  return counts;
}

typedef ssize_t (*pwrite_type)(int, const void *, size_t, off_t);
ssize_t pwrite64(int fd, const void *from, size_t size, off_t at) {
  POINTS('w', writes(fd), "pwrite64", pwrite_type, fd, from, size, at)
}

typedef int (*sync_type)(int);
int fdatasync(int fd) { POINTS('w', writes(fd), "fdatasync", sync_type, fd) }
int fsync(int fd) { POINTS('w', writes(fd), "fsync", sync_type, fd) }

typedef ssize_t (*sendmsg_type)(int, const struct msghdr *, int);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  POINTS('p', atomic_load(&begun), "sendmsg", sendmsg_type, fd, message, flags)
}

typedef int (*sendmmsg_type)(int, struct mmsghdr *, unsigned int, int);
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags) {
  POINTS('p', atomic_load(&begun), "sendmmsg", sendmmsg_type, fd, messages, count, flags)
}
