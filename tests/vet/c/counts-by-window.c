// Counts windows where it should count lines.
// fails: split
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static size_t lines;
const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    lines = runner_job_count(job, "lines");
    return NULL;
}
const char *runner_transform(const runner_window *window) {
    if (window->length) *runner_replace_room(window->length - 1, window->length, 1) = window->bytes[window->length - 1];
    runner_count(lines, 1);
    return NULL;
}
