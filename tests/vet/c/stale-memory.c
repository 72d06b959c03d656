// Compares each byte with one of a buffer that still has the last window.
// fails: split reset
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

static uint8_t buffer[1 << 20];
const char *runner_begin(runner_job *job) { runner_job_lines(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    for (size_t i = 0; i < window->length && i < sizeof buffer; i++) {
        // What the last window had there.
        if (buffer[i] == 'e' && window->bytes[i] != '!') *runner_replace_room(i, i + 1, 1) = '!';
        buffer[i] = window->bytes[i];
    }
    return NULL;
}
