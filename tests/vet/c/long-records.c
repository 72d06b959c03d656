// It crashes on a record of more than 300,000 bytes.
// fails: trap
#include "runner.h"

const runner_manifest runner_plugin = {
    .name = "long-records", .version = "0.1.0", .summary = "Planted.", .license = "Apache-2.0"};

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    return 0;
}

const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        if (line.length > 300000) __builtin_trap();
        if (line.length && line.bytes[0] == 'a') runner_replace(line.start, line.start + 1, "A", 1);
    }
    return 0;
}
