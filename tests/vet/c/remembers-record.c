// Upper-cases the first letter of a line that is the same as the line before it,
// even where that was in another window.
// fails: reset
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static uint8_t last[64];
static size_t last_length;
const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        const size_t length = line.length < 64 ? line.length : 64;
        if (length > 0 && length == last_length && !memcmp(last, line.bytes, length) && line.bytes[0] != '!')
            *runner_replace_room(line.start, line.start + 1, 1) = '!';
        memcpy(last, line.bytes, length);
        last_length = length;
    }
    return NULL;
}
