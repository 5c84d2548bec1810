/* A disk that is slow, or that refuses to be written.  Preloaded into a process, and ruled from outside by the file that
   BAD_DISK names, at any moment: "sync 50" makes each sync take 50 ms longer, "write 30" makes each write fail with this
   errno.  Without the file the disk is as good as it ever was.  What SQLite calls is wrapped, and nothing else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long ruled(const char *wanted)
{
    int before = errno;
    const char *path = getenv("BAD_DISK");
    char said[32] = "", what[16] = "";
    long value = 0;
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        if (read(file, said, sizeof said - 1) <= 0 || sscanf(said, "%15s %ld", what, &value) != 2 || strcmp(what, wanted))
            value = 0;
        close(file);
    }
    errno = before;
    return value;
}

static void wait_for_it(void)
{
    long ms = ruled("sync");
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    if (ms)
        nanosleep(&pause, NULL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSE \
    do { \
        long why = ruled("write"); \
        if (why) { \
            errno = (int)why; \
            return -1; \
        } \
    } while (0)

int fsync(int file) { wait_for_it(); return REAL(fsync)(file); }
int fdatasync(int file) { wait_for_it(); return REAL(fdatasync)(file); }
ssize_t pwrite(int file, const void *from, size_t size, off_t at) { REFUSE; return REAL(pwrite)(file, from, size, at); }
ssize_t pwrite64(int file, const void *from, size_t size, off64_t at) { REFUSE; return REAL(pwrite64)(file, from, size, at); }
int ftruncate(int file, off_t size) { REFUSE; return REAL(ftruncate)(file, size); }
int ftruncate64(int file, off64_t size) { REFUSE; return REAL(ftruncate64)(file, size); }
