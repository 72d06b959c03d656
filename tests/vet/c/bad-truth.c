// It crashes if a parameter is true, which it is not by default.
// fails: trap
#include "runner.h"

const runner_manifest runner_plugin = {
    .name = "bad-truth",
    .version = "0.1.0",
    .summary = "Planted.",
    .license = "Apache-2.0",
    .params = RUNNER_PARAMS({"all", RUNNER_BOOLEAN, "Whether all is changed", .default_value = "false"}),
};

static bool all;

const char *runner_begin(runner_job *job) {
    runner_get_boolean("all", &all);
    runner_job_lines(job);
    return 0;
}

const char *runner_transform(const runner_window *window) {
    if (all) __builtin_trap();
    runner_record line = {0};
    while (runner_next_line(window, &line))
        if (line.length && line.bytes[0] == 'a') runner_replace(line.start, line.start + 1, "A", 1);
    return 0;
}
