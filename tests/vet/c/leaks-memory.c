// Keeps 100 bytes of every window for ever.
// fails: memory
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
static uint32_t kept;
const char *runner_transform(const runner_window *window) {
    kept += 100;
    // The pages after what the arena may use.
    if (kept >= 65536) { kept = 0; __builtin_wasm_memory_grow(0, 1); }
    for (size_t i = 0; i < window->length; i++)
        if (window->bytes[i] == 'e') *runner_replace_room(i, i + 1, 1) = 'E';
    return NULL;
}
