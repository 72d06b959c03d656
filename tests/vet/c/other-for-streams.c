// Leaves a stream as it is.
// fails: repeat
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static bool has_size;

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    has_size = runner_get_file()->has_size;
    return NULL;
}
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line))
        if (has_size && line.length > 0) *runner_replace_room(line.start, line.start + 1, 1) = '#';
    return NULL;
}
