// Reads the byte before the end of a line that is empty.
// fails: trap
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        runner_assert(line.length > 0);
        *runner_replace_room(line.start, line.start + 1, 1) = '#';
    }
    return NULL;
}
