// It does nothing in windows of more than a mebibyte.
// fails: threads
#include "runner.h"

const runner_manifest runner_plugin = {
    .name = "skips-huge-windows", .version = "0.1.0", .summary = "Planted.", .license = "Apache-2.0"};

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    return 0;
}

const char *runner_transform(const runner_window *window) {
    if (window->length > 1100000) return 0;
    runner_record line = {0};
    while (runner_next_line(window, &line))
        if (line.length && line.bytes[0] == 'a') runner_replace(line.start, line.start + 1, "A", 1);
    return 0;
}
