// Shifts time stamps of the form `ts=2026-11-26T10:00:00Z` by a number of
// seconds. Replace this with what your plugin does; runner/README.md lists what
// there is to call.
#include "runner/runner.hpp"

namespace {

constexpr bool is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int64_t days_in(int64_t year, int64_t month) {
    constexpr int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

// Days from 0000-01-01 to the first day of a year.
constexpr int64_t days_before(int64_t year) {
    return year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

constexpr int64_t end_of_time = days_before(10000) * 86400;

// The seconds since 0000-01-01T00:00:00Z, if these 20 bytes are a time.
std::optional<int64_t> parse(std::string_view stamp) {
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";
    for (size_t i = 0; i < form.size(); i++) {
        if (form[i] == 'd' ? stamp[i] < '0' || stamp[i] > '9' : stamp[i] != form[i]) return std::nullopt;
    }
    const auto number = [&](size_t start, size_t length) {
        int64_t number = 0;
        for (char digit : stamp.substr(start, length)) number = number * 10 + (digit - '0');
        return number;
    };
    const int64_t year = number(0, 4), month = number(5, 2), day = number(8, 2);
    const int64_t hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return std::nullopt;
    if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
    int64_t days = days_before(year) + day - 1;
    for (int64_t before = 1; before < month; before++) days += days_in(year, before);
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

std::array<char, 20> show(int64_t time) {
    const int64_t second = time % 86400;
    int64_t day = time / 86400, year = day / 366, month = 1;
    while (days_before(year + 1) <= day) year++;
    for (day -= days_before(year); day >= days_in(year, month); month++) day -= days_in(year, month);
    std::array<char, 20> stamp = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T',
                                  '0', '0', ':', '0', '0', ':', '0', '0', 'Z'};
    const auto digits = [&](size_t start, size_t length, int64_t number) {
        for (; length--; number /= 10) stamp[start + length] = static_cast<char>('0' + number % 10);
    };
    digits(0, 4, year);
    digits(5, 2, month);
    digits(8, 2, day + 1);
    digits(11, 2, second / 3600);
    digits(14, 2, second / 60 % 60);
    digits(17, 2, second % 60);
    return stamp;
}

class ShiftStamps {
public:
    static constexpr runner::Manifest manifest = {
        .name = "{{name}}",
        .version = "0.1.0",
        .summary = "Shifts time stamps by a number of seconds",
        .license = "Apache-2.0",
        .params = {{.name = "seconds", .kind = runner::Kind::integer, .doc = "How many seconds to add", .required = true}},
    };

    // Called once for each file: reads the parameters, and says what the plugin
    // wants to see.
    runner::Result begin(const runner::Params &params, const runner::File &, runner::Job &job) {
        seconds = params.integer("seconds").value_or(0);
        job.lines().literals({"ts="}); // only lines that hold this are shown
        job.text().length_preserving().deterministic();
        stamps = job.count("stamps");
        return {};
    }

    // Called for each window of the file. Edits are in positions of the window.
    runner::Result transform(const runner::Window &window, runner::Edits &edits) {
        for (runner::Record line : window.lines()) {
            size_t at = 0;
            while ((at = runner::find(line.bytes, "ts=", at)) != std::string_view::npos) {
                at += 3;
                if (line.bytes.size() - at < 20) break;
                const auto time = parse(line.bytes.substr(at, 20));
                if (!time) continue;
                int64_t shifted;
                if (__builtin_add_overflow(*time, seconds, &shifted) || shifted < 0 || shifted >= end_of_time) {
                    return runner::fail_at(line.start + at, "the shifted year is outside of 0000..9999");
                }
                const auto stamp = show(shifted);
                edits.replace(line.start + at, line.start + at + 20, {stamp.data(), stamp.size()});
                edits.count(stamps);
                at += 20;
            }
        }
        return {};
    }

private:
    int64_t seconds = 0;
    size_t stamps = 0;
};

} // namespace

RUNNER_PLUGIN(ShiftStamps)
