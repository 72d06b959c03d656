// Takes a carriage return at the end of a window for half of a line end that
// goes on in the next one, and fails only there.
// fails: split
// may: threads
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_bytes(job); return NULL; }
const char *runner_transform(const runner_window *window) {
    for (size_t i = 0; i + 1 < window->length; i++)
        if (window->bytes[i] == '\r' && window->bytes[i + 1] == '\n') runner_delete(i, i + 1);
    return NULL;
}
