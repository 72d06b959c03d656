// Needs the line before, which the prefilter leaves out.
// fails: prefilter
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    runner_job_literals(job, "error");
    return NULL;
}
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        const bool has = runner_find(line.bytes, line.length, "INFO", 4) != RUNNER_NONE;
        if (has) *runner_replace_room(line.start, line.start + 1, 1) = '#';
    }
    return NULL;
}
