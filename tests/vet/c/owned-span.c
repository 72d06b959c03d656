// Sees a word that begins before its owned range as a word of its own.
// fails: split threads
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_overlapping(job, 8, 8); return NULL; }
const char *runner_transform(const runner_window *window) {
    for (size_t i = window->owned_start; i < window->owned_end; i++) {
        const bool is_start = i == window->owned_start || window->bytes[i - 1] == ' ' || window->bytes[i - 1] == '\n';
        if (is_start && window->bytes[i] >= 'a' && window->bytes[i] <= 'z')
            *runner_replace_room(i, i + 1, 1) = window->bytes[i] - 32;
    }
    return NULL;
}
