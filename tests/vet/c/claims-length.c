// Claims to keep lengths, and does not for one rare word.
// fails: length
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_lines(job); job->length_preserving = true; return NULL; }
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        const size_t at = runner_find(line.bytes, line.length, "null", 4);
        if (at != RUNNER_NONE) runner_replace(line.start + at, line.start + at + 4, "none!", 5);
    }
    return NULL;
}
