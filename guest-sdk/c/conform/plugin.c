// Uses every part of the contract, in the same way as the plugin `conform` of
// every other language, so that their answers can be compared byte by byte. It
// is of no other use.
#include "runner/runner.h"

const runner_manifest runner_plugin = {
    .name = "conform",
    .version = "1.0.0",
    .summary = "Uses every part of the contract",
    .license = "Apache-2.0",
    .params = RUNNER_PARAMS(
        {"framing", RUNNER_CHOICE, "Where records end", .default_value = "lines",
         .choices = RUNNER_WORDS("lines", "bytes", "quoted", "fields", "fixed", "length-prefixed", "overlapping", "sequential")},
        {"text", RUNNER_TEXT, "A text", .default_value = "hi"},
        {"number", RUNNER_INTEGER, "A number", .default_value = "7"},
        {"flag", RUNNER_BOOLEAN, "A truth", .default_value = "true"},
        {"data", RUNNER_BYTES, "Some bytes", .default_value = "\\x00\\xff"},
        {"word", RUNNER_SECRET, "A secret"},
        {"many", RUNNER_TEXT, "Texts", .repeats = true},
        {"file", RUNNER_TEXT, "The content of a file", .from_file = true}),
    .tables = RUNNER_TABLES({"notes", "Any bytes"}),
    .seed = true,
};

static const char *framing;
static runner_buffer told; // what the marker `@` becomes

static bool is(const char *name) { return strcmp(framing, name) == 0; }

const char *runner_begin(runner_job *job) {
    const runner_file *file = runner_get_file();
    runner_get_text("framing", &framing);
    if (file->has_size) runner_log(RUNNER_DEBUG, "size %llu, head %zu", file->size, file->head.length);
    else runner_log(RUNNER_DEBUG, "size stream, head %zu", file->head.length);
    const size_t hash = runner_find(file->head.data, file->head.length, "#", 1);
    if (hash != RUNNER_NONE) return runner_fail_at(hash, "the head has a #");
    told = (runner_buffer){0};
    for (const runner_value *v = NULL; (v = runner_next_value(NULL, v));) {
        if (strcmp(v->name, "framing") == 0) continue;
        runner_putf(&told, "%s=", v->name);
        if (v->kind == RUNNER_INTEGER) runner_putf(&told, "%lld", v->integer);
        else if (v->kind == RUNNER_BOOLEAN) runner_putf(&told, "%s", v->boolean ? "yes" : "no");
        else runner_put(&told, v->bytes.data, v->bytes.length);
        runner_put(&told, "|", 1);
    }
    if (file->has_seed) runner_putf(&told, "seed=%llu|", file->seed);
    else runner_putf(&told, "no seed|");
    uint64_t size;
    if (runner_table_size("notes", &size)) {
        const runner_bytes notes = runner_table_read("notes", 1, 5);
        runner_putf(&told, "notes[%llu]=", size);
        runner_put(&told, notes.data, notes.length);
    } else {
        runner_putf(&told, "no notes");
    }
    if (is("lines")) {
        runner_job_lines(job);
        runner_job_literals_any_case(job, "a=", "b=");
        runner_job_regex(job, "c=[0-9]+");
        runner_job_literals(job, "!", "?", "@");
        runner_job_count(job, "first");
        runner_job_count(job, "second");
        job->show_all = job->show_empty = job->text = job->deterministic = true;
    } else if (is("bytes")) {
        runner_job_bytes(job);
        runner_job_ranges(job, (runner_range[]){{0, 4}, {8, 12}}, 2);
        job->length_preserving = true;
    } else if (is("quoted")) {
        runner_job_quoted(job, '\n', '"');
        runner_job_literals(job, "x");
    } else if (is("fields")) {
        runner_job_quoted(job, '\n', '"');
        runner_job_project(job, ',', 0, 2);
    } else if (is("fixed")) {
        runner_job_fixed(job, 4, 8);
        job->length_preserving = job->idempotent = true;
    } else if (is("length-prefixed")) {
        runner_job_length_prefixed(job, 2, 1, 2, RUNNER_BIG, 1);
        runner_job_check(job, 0, 1, RUNNER_LITTLE, 1, 9);
    } else if (is("overlapping")) {
        runner_job_overlapping(job, 2, 3);
    } else {
        runner_job_sequential(job);
    }
    return NULL;
}

// Says at the start of each line which prefilters matched, and does what a
// line asks for.
static const char *lines(const runner_window *window) {
    if (window->first && window->last && window->length == 0) {
        runner_insert(0, "empty", 5);
        return NULL;
    }
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        if (line.ids) {
            runner_buffer text = {0};
            runner_putf(&text, "%llx ", line.ids);
            runner_insert(line.start, text.data, text.length);
        }
        runner_count(0, line.ids & 1);
        runner_count(1, line.ids >> 1 & 1);
        for (size_t i = 0; i < line.length; i++) {
            const size_t at = line.start + i;
            if (line.bytes[i] == '!') return runner_fail_at(at, "bang");
            if (line.bytes[i] == '?') runner_log(RUNNER_WARN, "asked");
            if (line.bytes[i] == '@' && i > 0) runner_replace(at, at + 1, told.data, told.length);
        }
    }
    return NULL;
}

const char *runner_transform(const runner_window *window) {
    const uint8_t *bytes = window->bytes;
    const size_t length = window->length;
    runner_record r = {0};
    if (is("lines")) return lines(window);
    if (is("bytes")) { // `x` becomes `y`.
        for (size_t at = 0; at < length; at++) {
            if (bytes[at] == 'x') runner_replace(at, at + 1, "y", 1);
        }
    } else if (is("quoted")) { // The number of bytes before each record that has an `x`.
        while (runner_next_quoted(window, '\n', '"', &r)) {
            if (runner_find(r.bytes, r.length, "x", 1) == RUNNER_NONE) continue;
            runner_buffer text = {0};
            runner_putf(&text, "%zu:", r.length);
            runner_insert(r.start, text.data, text.length);
        }
    } else if (is("fields")) { // Its index and its length in place of each field.
        while (runner_next_field(window, &r)) {
            runner_buffer text = {0};
            runner_putf(&text, "<%u:%zu>", r.field, r.length);
            runner_replace(r.start, r.start + r.length, text.data, text.length);
        }
    } else if (is("fixed")) { // The first byte of each record as the last one, too.
        while (runner_next_fixed(window, 8, &r)) {
            runner_replace(r.start + r.length - 1, r.start + r.length, r.bytes, 1);
        }
    } else if (is("length-prefixed")) { // The length of each record, modulo 10, in its first byte.
        while (runner_next_length_prefixed(window, 1, 2, RUNNER_BIG, 1, &r)) {
            *runner_replace_room(r.start, r.start + 1, 1) = (uint8_t)(r.length % 10);
        }
    } else if (is("overlapping")) { // `abc` is deleted; so is an `x` between two blanks.
        for (size_t at = window->owned_start; at < window->owned_end; at++) {
            if (length - at >= 3 && memcmp(bytes + at, "abc", 3) == 0) {
                runner_delete(at, at + 3);
                at += 2;
            } else if (bytes[at] == 'x' && at > 0 && bytes[at - 1] == ' ' && at + 1 < length && bytes[at + 1] == ' ') {
                runner_delete(at, at + 1);
            }
        }
    } else { // Every whole group of four bytes is turned round, and the rest deleted.
        const size_t whole = length / 4 * 4;
        for (size_t start = 0; start < whole; start += 4) {
            uint8_t *room = runner_replace_room(start, start + 4, 4);
            for (size_t i = 0; i < 4; i++) room[i] = bytes[start + 3 - i];
        }
        if (window->last) runner_delete(whole, length);
        runner_consumed(window->last ? length : whole);
    }
    return NULL;
}
