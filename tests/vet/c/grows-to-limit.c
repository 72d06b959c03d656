// Takes all memory for a line with a star.
// fails: limits
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        if (runner_find(line.bytes, line.length, "&", 1) != RUNNER_NONE)
            if (__builtin_wasm_memory_grow(0, 16384) == (size_t)-1) __builtin_trap();
        if (line.length) *runner_replace_room(line.start, line.start + 1, 1) = '#';
    }
    return NULL;
}
