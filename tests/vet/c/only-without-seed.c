// It keeps its claim only if it gets no seed.
// fails: idempotent
#include "runner.h"

const runner_manifest runner_plugin = {.name = "only-without-seed",
                                       .version = "0.1.0",
                                       .summary = "Planted.",
                                       .license = "Apache-2.0",
                                       .seed = true};

static bool has_seed;

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    job->idempotent = true;
    has_seed = runner_get_file()->has_seed;
    return 0;
}

const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line))
        if (has_seed && line.length) runner_insert(line.start, "S", 1);
    return 0;
}
