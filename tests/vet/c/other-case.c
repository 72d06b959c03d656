// It edits what its prefilter leaves out: the same word in capitals.
// fails: prefilter
#include "runner.h"

const runner_manifest runner_plugin = {
    .name = "other-case", .version = "0.1.0", .summary = "Planted.", .license = "Apache-2.0"};

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    runner_job_literals(job, "level=");
    return 0;
}

const char *runner_transform(const runner_window *window) {
    const char *word = "level=";
    runner_record line = {0};
    while (runner_next_line(window, &line))
        for (size_t at = 0; at + 6 < line.length; at++) {
            size_t same = 0;
            while (same < 5 && (line.bytes[at + same] | 32) == word[same]) same++;
            if (same == 5 && line.bytes[at + 5] == '=' && line.bytes[at + 6] >= 'a' && line.bytes[at + 6] <= 'z')
                runner_replace(line.start + at + 6, line.start + at + 7, "X", 1);
        }
    return 0;
}
