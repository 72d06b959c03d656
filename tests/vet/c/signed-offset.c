// Keeps offsets in 32 bits with a sign.
// fails: split
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    return NULL;
}
const char *runner_transform(const runner_window *window) {
    int32_t offset = (int32_t)window->offset;
    runner_record line = {0};
    while (runner_next_line(window, &line))
        if (offset >= 0 && line.length > 0) *runner_replace_room(line.start, line.start + 1, 1) = '#';
    return NULL;
}
