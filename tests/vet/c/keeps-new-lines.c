// It keeps something for each line that it has not seen before.
// fails: memory
#include "runner.h"

const runner_manifest runner_plugin = {
    .name = "keeps-new-lines", .version = "0.1.0", .summary = "Planted.", .license = "Apache-2.0"};

struct line {
    struct line *next;
    uint64_t hash;
};
static struct line *table[4096], *room;
static size_t left;

static struct line *new_line(void) {
    if (!left) {
        size_t page = __builtin_wasm_memory_grow(0, 1);
        if (page == (size_t)-1) __builtin_trap();
        room = (struct line *)(page * 65536);
        left = 65536 / sizeof(struct line);
    }
    left--;
    return room++;
}

const char *runner_begin(runner_job *job) {
    runner_job_lines(job);
    return 0;
}

const char *runner_transform(const runner_window *window) {
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        uint64_t hash = 1469598103934665603ull;
        for (size_t at = 0; at < line.length; at++) hash = (hash ^ line.bytes[at]) * 1099511628211ull;
        struct line *known = table[hash & 4095];
        while (known && known->hash != hash) known = known->next;
        if (!known) {
            known = new_line();
            known->hash = hash;
            known->next = table[hash & 4095];
            table[hash & 4095] = known;
        }
        if (line.length && line.bytes[0] == 'a') runner_replace(line.start, line.start + 1, "A", 1);
    }
    return 0;
}
