// Numbers the first line of each window with the number of the window.
// fails: split reset threads
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static uint32_t windows;
const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    windows++;
    if (window->length > 0) *runner_replace_room(0, 1, 1) = '0' + windows % 10;
    return NULL;
}
