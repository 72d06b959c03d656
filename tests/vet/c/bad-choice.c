// It crashes with a choice that is not the usual one.
// fails: trap
#include "runner.h"

const runner_manifest runner_plugin = {
    .name = "bad-choice",
    .version = "0.1.0",
    .summary = "Planted.",
    .license = "Apache-2.0",
    .params = RUNNER_PARAMS({"mode", RUNNER_CHOICE, "What it does", .choices = RUNNER_WORDS("good", "bad"),
                             .default_value = "good"}),
};

static bool is_bad;

const char *runner_begin(runner_job *job) {
    const char *mode = "";
    runner_get_text("mode", &mode);
    is_bad = *mode == 'b';
    runner_job_lines(job);
    return 0;
}

const char *runner_transform(const runner_window *window) {
    if (is_bad) __builtin_trap();
    runner_record line = {0};
    while (runner_next_line(window, &line))
        if (line.length && line.bytes[0] == 'a') runner_replace(line.start, line.start + 1, "A", 1);
    return 0;
}
