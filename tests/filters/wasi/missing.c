/* What POSIX has and WASI has not. Filters have no files, so nothing here is
 * more than an answer. */
#include <errno.h>
#include <sys/types.h>
#include <sys/stat.h>
mode_t umask(mode_t mask) { (void)mask; return 022; }
int chmod(const char *path, mode_t mode) { (void)path; (void)mode; errno = ENOSYS; return -1; }
int fchmod(int file, mode_t mode) { (void)file; (void)mode; errno = ENOSYS; return -1; }
int fchown(int file, uid_t owner, gid_t group) { (void)file; (void)owner; (void)group; errno = ENOSYS; return -1; }
int dup(int file) { (void)file; errno = ENOSYS; return -1; }
int dup2(int file, int to) { (void)file; (void)to; errno = ENOSYS; return -1; }
int getdtablesize(void) { return 64; }
int system(const char *command) { (void)command; errno = ENOSYS; return -1; }
int mtx_init(void *lock, int kind) { (void)lock; (void)kind; return 0; }
int mtx_lock(void *lock) { (void)lock; return 0; }
int mtx_unlock(void *lock) { (void)lock; return 0; }
void call_once(int *once, void (*function)(void)) { if (!*once) { *once = 1; function(); } }
#include <stdio.h>
FILE *popen(const char *command, const char *mode) { (void)command; (void)mode; errno = ENOSYS; return NULL; }
int pclose(FILE *stream) { (void)stream; errno = ENOSYS; return -1; }
