// Shifts time stamps of the form `ts=2026-11-26T10:00:00Z` by a number of
// seconds. Replace this with what your plugin does; runner/README.md lists what
// there is to call.
#include "runner/runner.h"

const runner_manifest runner_plugin = {
    .name = "{{name}}",
    .version = "0.1.0",
    .summary = "Shifts time stamps by a number of seconds",
    .license = "Apache-2.0",
    .params = RUNNER_PARAMS({"seconds", RUNNER_INTEGER, "How many seconds to add", .required = true}),
};

static int64_t seconds;
static size_t stamps;

// Called once for each file: reads the parameters, and says what the plugin
// wants to see.
const char *runner_begin(runner_job *job) {
    runner_get_integer("seconds", &seconds);
    runner_job_lines(job);
    runner_job_literals(job, "ts="); // only lines that hold this are shown
    job->text = job->length_preserving = job->deterministic = true;
    stamps = runner_job_count(job, "stamps");
    return NULL;
}

static bool is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static int64_t days_in(int64_t year, int64_t month) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

// Days from 0000-01-01 to the first day of a year.
static int64_t days_before(int64_t year) {
    return year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

static int64_t number(const uint8_t *digits, size_t length) {
    int64_t number = 0;
    while (length--) number = number * 10 + (*digits++ - '0');
    return number;
}

// The seconds since 0000-01-01T00:00:00Z, or -1 if these 20 bytes are no time.
static int64_t parse(const uint8_t *stamp) {
    for (size_t i = 0; i < 20; i++) {
        const char form = "dddd-dd-ddTdd:dd:ddZ"[i];
        if (form == 'd' ? stamp[i] < '0' || stamp[i] > '9' : stamp[i] != form) return -1;
    }
    const int64_t year = number(stamp, 4), month = number(stamp + 5, 2), day = number(stamp + 8, 2);
    const int64_t hour = number(stamp + 11, 2), minute = number(stamp + 14, 2), second = number(stamp + 17, 2);
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return -1;
    if (hour > 23 || minute > 59 || second > 59) return -1;
    int64_t days = days_before(year) + day - 1;
    for (int64_t before = 1; before < month; before++) days += days_in(year, before);
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

static void digits(uint8_t *at, size_t length, int64_t number) {
    for (; length--; number /= 10) at[length] = (uint8_t)('0' + number % 10);
}

static void show(int64_t time, uint8_t *stamp) {
    const int64_t second = time % 86400;
    int64_t day = time / 86400, year = day / 366, month = 1;
    while (days_before(year + 1) <= day) year++;
    for (day -= days_before(year); day >= days_in(year, month); month++) day -= days_in(year, month);
    memcpy(stamp, "0000-00-00T00:00:00Z", 20);
    digits(stamp, 4, year);
    digits(stamp + 5, 2, month);
    digits(stamp + 8, 2, day + 1);
    digits(stamp + 11, 2, second / 3600);
    digits(stamp + 14, 2, second / 60 % 60);
    digits(stamp + 17, 2, second % 60);
}

// Called for each window of the file. Edits are in positions of the window.
const char *runner_transform(const runner_window *window) {
    const int64_t end = days_before(10000) * 86400;
    runner_record line = {0};
    while (runner_next_line(window, &line)) {
        size_t at = 0, found;
        while ((found = runner_find(line.bytes + at, line.length - at, "ts=", 3)) != RUNNER_NONE) {
            at += found + 3;
            if (line.length - at < 20) break;
            int64_t time = parse(line.bytes + at);
            if (time < 0) continue;
            if (__builtin_add_overflow(time, seconds, &time) || time < 0 || time >= end) {
                return runner_fail_at(line.start + at, "the shifted year is outside of 0000..9999");
            }
            show(time, runner_replace_room(line.start + at, line.start + at + 20, 20));
            runner_count(stamps, 1);
            at += 20;
        }
    }
    return NULL;
}
