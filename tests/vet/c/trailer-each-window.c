// Puts a trailer after every window, not only the last one.
// fails: split threads
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    if (window->length > 0 && window->bytes[window->length - 1] == '\n')
        runner_insert(window->length - 1, " end", 4);
    return NULL;
}
