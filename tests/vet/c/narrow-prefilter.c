// Looks for a word in either case, and asks only for lines that have it in small
// letters.
// fails: prefilter
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    runner_job_literals(job, "error");
    return NULL;
}
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line))
        for (size_t i = 0; i + 5 <= line.length; i++)
            if ((line.bytes[i] | 32) == 'e' && !memcmp(line.bytes + i + 1, line.bytes[i] == 'e' ? "rror" : "RROR", 4))
                runner_replace(line.start + i, line.start + i + 5, "fault", 5);
    return NULL;
}
