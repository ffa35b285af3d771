/*
 * Records what a process writes to its database, in the order of the calls: preloaded (LD_PRELOAD), it appends one record
 * for each write, truncation and sync of causeway.db, causeway.db-wal and a file `acknowledged` to the file that
 * RECORD_TO names. A sync takes 2 ms and reaches no disk: the test decides what a power cut leaves.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC_BEGINS, SYNC_ENDS };
static const char *const names[] = {"/causeway.db", "/causeway.db-wal", "/acknowledged"};

struct record {
  uint8_t type, file;
  uint16_t unused;
  uint32_t length;
  uint64_t position; /* of a write; the new size; the number of a sync */
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static uint64_t syncs;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("RECORD_TO");
  if (path) journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The index of a file's name, or -1. */
static int file_of(int descriptor) {
  char link[64], path[4096];
  if (journal < 0 || descriptor <= 2 || descriptor == journal) return -1;
  strcpy(link, "/proc/self/fd/");
  char digits[16], *end = digits + sizeof digits;
  *--end = 0;
  for (int rest = descriptor; rest || !*end; rest /= 10) {
    *--end = (char)('0' + rest % 10);
    if (rest < 10) break;
  }
  strcat(link, end);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return -1;
  path[length] = 0;
  for (int file = 0; file < 3; file++) {
    size_t size = strlen(names[file]);
    if ((size_t)length >= size && strcmp(path + length - size, names[file]) == 0) return file;
  }
  return -1;
}

static void note(int type, int file, uint64_t position, const void *data, size_t length) {
  struct record record = {(uint8_t)type, (uint8_t)file, 0, (uint32_t)length, position};
  syscall(SYS_write, journal, &record, sizeof record);
  if (length > 0) syscall(SYS_write, journal, data, length);
}

static ssize_t write_at(int descriptor, const void *data, size_t length, off_t position) {
  int file = file_of(descriptor);
  if (file < 0) return syscall(SYS_pwrite64, descriptor, data, length, position);
  pthread_mutex_lock(&turn);
  ssize_t done = syscall(SYS_pwrite64, descriptor, data, length, position);
  if (done > 0) note(WRITE, file, (uint64_t)position, data, (size_t)done);
  pthread_mutex_unlock(&turn);
  return done;
}
ssize_t pwrite(int descriptor, const void *data, size_t length, off_t position) {
  return write_at(descriptor, data, length, position);
}
ssize_t pwrite64(int descriptor, const void *data, size_t length, off_t position) {
  return write_at(descriptor, data, length, position);
}

ssize_t write(int descriptor, const void *data, size_t length) {
  int file = file_of(descriptor);
  if (file < 0) return syscall(SYS_write, descriptor, data, length);
  pthread_mutex_lock(&turn);
  off_t position = lseek(descriptor, 0, SEEK_CUR);
  ssize_t done = syscall(SYS_write, descriptor, data, length);
  if (done > 0) note(WRITE, file, (uint64_t)position, data, (size_t)done);
  pthread_mutex_unlock(&turn);
  return done;
}

static int truncate_to(int descriptor, off_t size) {
  int file = file_of(descriptor);
  if (file < 0) return (int)syscall(SYS_ftruncate, descriptor, size);
  pthread_mutex_lock(&turn);
  int failed = (int)syscall(SYS_ftruncate, descriptor, size);
  if (!failed) note(TRUNCATE, file, (uint64_t)size, 0, 0);
  pthread_mutex_unlock(&turn);
  return failed;
}
int ftruncate(int descriptor, off_t size) { return truncate_to(descriptor, size); }
int ftruncate64(int descriptor, off_t size) { return truncate_to(descriptor, size); }

static int sync_file(int descriptor, long call) {
  int file = file_of(descriptor);
  if (file < 0) return (int)syscall(call, descriptor);
  pthread_mutex_lock(&turn);
  uint64_t number = ++syncs;
  note(SYNC_BEGINS, file, number, 0, 0);
  pthread_mutex_unlock(&turn);
  usleep(2000);
  pthread_mutex_lock(&turn);
  note(SYNC_ENDS, file, number, 0, 0);
  pthread_mutex_unlock(&turn);
  return 0;
}
int fsync(int descriptor) { return sync_file(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return sync_file(descriptor, SYS_fdatasync); }
