/*
 * Faults of the machine for the process that preloads this library: another time, and a full disk.
 *
 *   ASTER_CLOCK: a file with 8 bytes, the milliseconds by which the clock is ahead, as a number of this machine. It may be
 *     changed at any time. Clocks that only count are not changed.
 *   ASTER_DISK: a folder. While ASTER_DISK_FULL exists, nothing can be written to files in it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead_ms;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("ASTER_CLOCK");
  int fd = file == NULL ? -1 : open(file, O_RDONLY);
  if (fd < 0) return;
  void *at = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) ahead_ms = at;
  close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  int is_set = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (result != 0 || !is_set || ahead_ms == NULL) return result;
  int64_t ms = *ahead_ms;
  now->tv_sec += ms / 1000;
  now->tv_nsec += ms % 1000 * 1000000;
  if (now->tv_nsec >= 1000000000) now->tv_nsec -= 1000000000, now->tv_sec += 1;
  if (now->tv_nsec < 0) now->tv_nsec += 1000000000, now->tv_sec -= 1;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec time;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &time) != 0) return -1;
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

static int is_full(int fd) {
  const char *folder = getenv("ASTER_DISK"), *full = getenv("ASTER_DISK_FULL");
  char link[64], path[PATH_MAX];
  if (folder == NULL || full == NULL || access(full, F_OK) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, folder, strlen(folder)) == 0;
}

/* Makes a call, which fails while the disk is full. */
#define UNLESS_FULL(fd, name, type, ...)                \
  static type real;                                     \
  if (real == NULL) real = (type)dlsym(RTLD_NEXT, name); \
  if (is_full(fd)) return errno = ENOSPC, -1;           \
  return real(__VA_ARGS__);

typedef ssize_t (*write_type)(int, const void *, size_t);
ssize_t write(int fd, const void *from, size_t size) { UNLESS_FULL(fd, "write", write_type, fd, from, size) }

typedef ssize_t (*writev_type)(int, const struct iovec *, int);
ssize_t writev(int fd, const struct iovec *from, int count) {
  UNLESS_FULL(fd, "writev", writev_type, fd, from, count)
}

typedef ssize_t (*pwrite_type)(int, const void *, size_t, off_t);
ssize_t pwrite64(int fd, const void *from, size_t size, off_t at) {
  UNLESS_FULL(fd, "pwrite64", pwrite_type, fd, from, size, at)
}

typedef int (*truncate_type)(int, off_t);
int ftruncate64(int fd, off_t size) { UNLESS_FULL(fd, "ftruncate64", truncate_type, fd, size) }
