// Forgets to edit the third window that an instance sees.
// fails: split reset threads
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static uint32_t windows;
const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    if (++windows == 3) return NULL;
    for (size_t i = 0; i < window->length; i++)
        if (window->bytes[i] == 'e') *runner_replace_room(i, i + 1, 1) = 'E';
    return NULL;
}
