// Refuses windows of more than 300 bytes.
// fails: split
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    if (window->length > 300) return runner_fail("a window of %d bytes is too much", (int)window->length);
    while (runner_next_line(window, &line))
        if (line.length) *runner_replace_room(line.start, line.start + 1, 1) = '#';
    return NULL;
}
