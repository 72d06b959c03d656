// Looks for a word, and asks only for lines that have a blank after it.
// fails: prefilter
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    runner_job_regex(job, "level=[a-z]{2,8} ");
    return NULL;
}
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line))
        for (size_t i = 0; i + 7 <= line.length; i++)
            if (!memcmp(line.bytes + i, "level=", 6) && line.bytes[i + 6] >= 'a' && line.bytes[i + 6] <= 'z')
                runner_replace(line.start + i, line.start + i + 5, "grade", 5);
    return NULL;
}
