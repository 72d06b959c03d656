// Its memory grows after each four megabytes, which are many small windows.
// fails: memory
#include "runner.h"

const runner_manifest runner_plugin = {
    .name = "grows-by-megabytes", .version = "0.1.0", .summary = "Planted.", .license = "Apache-2.0"};

static size_t seen;

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    return 0;
}

const char *runner_transform(const runner_window *window) {
    seen += window->length;
    if (seen >= 4 << 20) {
        seen = 0;
        __builtin_wasm_memory_grow(0, 32);
    }
    runner_record line = {0};
    while (runner_next_line(window, &line))
        if (line.length && line.bytes[0] == 'a') runner_replace(line.start, line.start + 1, "A", 1);
    return 0;
}
