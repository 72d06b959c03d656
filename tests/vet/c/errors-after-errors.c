// Says another thing each time that it refuses a line.
// fails: reset
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static uint32_t seen;
const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    seen++;
    while (runner_next_line(window, &line)) {
        if (runner_find(line.bytes, line.length, "null", 4) != RUNNER_NONE)
            return runner_fail("null in window %d", (int)seen);
        if (line.length) *runner_replace_room(line.start, line.start + 1, 1) = '#';
    }
    return NULL;
}
