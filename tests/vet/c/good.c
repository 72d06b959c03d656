// Nothing is wrong with it.
// fails:
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static size_t words;
const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    runner_job_literals_any_case(job, "error");
    job->length_preserving = job->idempotent = job->deterministic = true;
    words = runner_job_count(job, "words");
    return NULL;
}
const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line))
        for (size_t i = 0; i + 5 <= line.length; i++) {
            bool is_word = true;
            for (size_t n = 0; n < 5; n++) is_word = is_word && (line.bytes[i + n] | 32) == "error"[n];
            if (!is_word) continue;
            runner_replace(line.start + i, line.start + i + 5, "fault", 5);
            runner_count(words, 1);
        }
    return NULL;
}
