/* WASI has no limits of resources. */
#include <sys/types.h>
struct rlimit { unsigned long rlim_cur, rlim_max; };
#define RLIM_INFINITY (~0ul)
#define RLIMIT_NOFILE 7
#define getrlimit(resource, limit) ((limit)->rlim_cur = (limit)->rlim_max = 64, 0)
