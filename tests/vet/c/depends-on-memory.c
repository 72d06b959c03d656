// Edits only if it can have nearly all of the memory that there is, and leaves too
// little for itself.
// fails: repeat limits
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static bool has_much;
const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    // Whether 255 MiB can be had.
    has_much = __builtin_wasm_memory_grow(0, 4083 - __builtin_wasm_memory_size(0)) != (size_t)-1;
    job->deterministic = true;
    return NULL;
}
const char *runner_transform(const runner_window *window) {
    for (size_t i = 0; has_much && i < window->length; i++)
        if (window->bytes[i] == 'e') *runner_replace_room(i, i + 1, 1) = 'E';
    return NULL;
}
