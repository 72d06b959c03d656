// Claims that a second run changes nothing, but doubles quotes each time.
// fails: idempotent
#include "runner.h"
const runner_manifest runner_plugin = {"bad", "0.1.0", "A plugin with a fault", "MIT"};

const char *runner_begin(runner_job *job) { runner_job_lines(job); job->idempotent = true; return NULL; }
const char *runner_transform(const runner_window *window) {
    for (size_t i = 0; i < window->length; i++)
        if (window->bytes[i] == '=') runner_insert(i, "=", 1);
    return NULL;
}
