// runner.hpp: write plugins for `runner` in C++20, on top of runner.h.
//
//     class Shift {
//     public:
//         static constexpr runner::Manifest manifest = {...};
//         runner::Result begin(const runner::Params &, const runner::File &, runner::Job &);
//         runner::Result transform(const runner::Window &, runner::Edits &);
//     };
//     RUNNER_PLUGIN(Shift)
//
// Both functions return `{}`, or `runner::fail(...)`, which ends the run with
// the file untouched. README.md lists every function.
//
// Bytes and texts are `std::string_view`. Those of a window, of a table and of a
// failure live until the call is over; those of parameters and of the head of
// the file live for ever. What the standard library allocates is its own.
#pragma once

#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "runner.h"

namespace runner {

// What the values of a parameter look like; see runner.h.
enum class Kind {
    text = RUNNER_TEXT,
    integer = RUNNER_INTEGER,
    boolean = RUNNER_BOOLEAN,
    secret = RUNNER_SECRET,
    bytes = RUNNER_BYTES,
    choice = RUNNER_CHOICE,
};

// A parameter, as in `--set NAME=VALUE`.
struct Param {
    const char *name;
    Kind kind;
    const char *doc = "";
    bool required = false;               // the run is refused without it
    bool repeats = false;                // may be given several times
    bool from_file = false;              // `@PATH` stands for the content of a file
    const char *default_value = nullptr; // as on the command line
    std::initializer_list<const char *> choices = {};
};

// A read-only table, as in `--table NAME=FILE`.
struct TableSpec {
    const char *name;
    const char *doc = "";
    bool required = false;
};

// What a plugin says of itself: its member `static constexpr runner::Manifest manifest`.
struct Manifest {
    const char *name;    // lower-case letters, digits and hyphens
    const char *version; // as in semantic versioning
    const char *summary; // one line
    const char *license; // an SPDX expression
    std::initializer_list<Param> params = {};
    std::initializer_list<TableSpec> tables = {};
    bool seed = false; // takes `--seed N`
};

// `{}`, or a failure with a message for the user.
class [[nodiscard]] Result {
public:
    constexpr Result() = default;
    // Whether it is a failure.
    explicit operator bool() const { return message_ != nullptr; }

    const char *message_ = nullptr; // not for use
};

inline std::string_view view(const void *data, size_t length) {
    return {static_cast<const char *>(data), length};
}

// A failure with a message, formatted as by printf.
__attribute__((format(printf, 1, 2))) inline Result fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    Result result;
    result.message_ = runner_vtext_("", format, arguments);
    va_end(arguments);
    return result;
}
inline Result fail(std::string_view message) {
    return fail("%.*s", static_cast<int>(message.size()), message.data());
}

// The same at a byte of the window (in `begin`: of the head); the host says at
// which line and offset of the file that is.
__attribute__((format(printf, 2, 3))) inline Result fail_at(size_t position, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = runner_vtext_("", format, arguments);
    va_end(arguments);
    Result result;
    result.message_ = runner_fail_at(position, "%s", text);
    return result;
}
inline Result fail_at(size_t position, std::string_view message) {
    return fail_at(position, "%.*s", static_cast<int>(message.size()), message.data());
}

// Says something to the user, formatted as by printf.
enum class Level { trace, debug, info, warn, error };
__attribute__((format(printf, 2, 3))) inline void log(Level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    runner_vlog_(static_cast<int>(level), format, arguments);
    va_end(arguments);
}
inline void log(Level level, std::string_view message) {
    log(level, "%.*s", static_cast<int>(message.size()), message.data());
}

// A value of a parameter.
class Value {
public:
    std::string_view name() const { return value_->name; }
    // Kind::text (also for secrets and choices), bytes, integer or boolean.
    Kind kind() const { return static_cast<Kind>(value_->kind); }
    std::string_view bytes() const { return view(value_->bytes.data, value_->bytes.length); }
    int64_t integer() const { return value_->integer; }
    bool boolean() const { return value_->boolean; }

    explicit Value(const runner_value *value) : value_(value) {}

private:
    const runner_value *value_;
};

// All values of a parameter, or of all: `for (runner::Value v : params.all("word"))`.
class Values {
public:
    class Iterator {
    public:
        Value operator*() const { return Value(value_); }
        Iterator &operator++() { value_ = runner_next_value(name_, value_); return *this; }
        bool operator!=(const Iterator &other) const { return value_ != other.value_; }
        Iterator(const char *name, const runner_value *value) : name_(name), value_(value) {}

    private:
        const char *name_;
        const runner_value *value_;
    };
    explicit Values(const char *name) : name_(name) {}
    Iterator begin() const { return {name_, runner_next_value(name_, nullptr)}; }
    Iterator end() const { return {name_, nullptr}; }

private:
    const char *name_;
};

// The parameters. Each function gives the first value, or nothing if the
// parameter is absent. A parameter of another kind or name ends the run.
class Params {
public:
    std::optional<int64_t> integer(const char *name) const {
        int64_t value = 0;
        return runner_get_integer(name, &value) ? std::optional(value) : std::nullopt;
    }
    std::optional<bool> boolean(const char *name) const {
        bool value = false;
        return runner_get_boolean(name, &value) ? std::optional(value) : std::nullopt;
    }
    // A text, secret or choice, or bytes.
    std::optional<std::string_view> text(const char *name) const {
        runner_bytes value = {nullptr, 0};
        return runner_get_bytes(name, &value) ? std::optional(view(value.data, value.length)) : std::nullopt;
    }
    Values all(const char *name) const { return Values(name); }
    Values all() const { return Values(nullptr); }
};

// What is known of the file.
struct File {
    std::optional<uint64_t> size; // none for a stream
    std::string_view head;        // the first 64 KiB, or the whole of a shorter file
    std::optional<uint64_t> seed;
};

// How the bytes of a number are ordered.
enum class Order { little = RUNNER_LITTLE, big = RUNNER_BIG };

// A range of bytes [start, end) of the file.
using Range = runner_range;

// What the plugin asks for. Call one function that sets the framing.
class Job {
public:
    // Where records end.
    Job &lines() { return runner_job_lines(job_), *this; }
    Job &delimited(std::string_view delimiter) { return runner_job_delimited(job_, delimiter.data(), delimiter.size()), *this; }
    Job &quoted(char delimiter, char quote) { return runner_job_quoted(job_, byte(delimiter), byte(quote)), *this; }
    Job &fixed(uint64_t header, uint64_t size) { return runner_job_fixed(job_, header, size), *this; }
    // Records of offset + width + field + adjustment bytes.
    Job &length_prefixed(uint64_t header, uint32_t offset, uint8_t width, Order order, int64_t adjustment) {
        return runner_job_length_prefixed(job_, header, offset, width, static_cast<runner_order>(order), adjustment), *this;
    }
    // After length_prefixed: a field that lies between `min` and `max` in every record.
    Job &check(uint32_t offset, uint8_t width, Order order, uint64_t min, uint64_t max) {
        return runner_job_check(job_, offset, width, static_cast<runner_order>(order), min, max), *this;
    }
    Job &overlapping(uint32_t before, uint32_t after) { return runner_job_overlapping(job_, before, after), *this; }
    Job &bytes() { return runner_job_bytes(job_), *this; }
    Job &sequential() { return runner_job_sequential(job_), *this; }

    // Adds a prefilter: only records with one of these, or with a match of the
    // expression, are shown. The first one has the id 0, the second one 1, ...
    Job &literals(std::initializer_list<std::string_view> texts) { return filter(texts, false); }
    Job &literals_any_case(std::initializer_list<std::string_view> texts) { return filter(texts, true); }
    // The same for any container of texts.
    template <class Texts> Job &literals_of(const Texts &texts, bool any_case = false) { return filter(texts, any_case); }
    Job &regex(const char *expression) { return runner_job_regex(job_, expression), *this; }

    // Claims, and what else is shown; see runner.h.
    Job &text() { return job_->text = true, *this; }
    Job &length_preserving() { return job_->length_preserving = true, *this; }
    Job &idempotent() { return job_->idempotent = true, *this; }
    Job &deterministic() { return job_->deterministic = true, *this; }
    Job &show_all() { return job_->show_all = true, *this; }
    Job &show_empty() { return job_->show_empty = true, *this; }

    // With lines or quoted: only these fields, counted from 0.
    Job &project(char delimiter, std::initializer_list<uint32_t> fields) {
        return runner_job_fields_(job_, byte(delimiter), fields.begin(), fields.size()), *this;
    }
    // With bytes: only these ranges of the file.
    Job &ranges(std::initializer_list<Range> ranges) { return runner_job_ranges(job_, ranges.begin(), ranges.size()), *this; }

    // Adds a name of what the plugin counts. Returns its index, for Edits::count.
    size_t count(const char *name) { return runner_job_count(job_, name); }

    explicit Job(runner_job *job) : job_(job) {}

private:
    static uint8_t byte(char c) { return static_cast<uint8_t>(c); }
    template <class Texts> Job &filter(const Texts &texts, bool any_case) {
        size_t length = 0;
        for (std::string_view text : texts) (void)text, length++;
        auto *list = static_cast<runner_bytes *>(runner_alloc(length * sizeof(runner_bytes)));
        size_t i = 0;
        for (std::string_view text : texts) {
            list[i++] = {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
        }
        runner_job_byte_literals(job_, list, length, any_case);
        return *this;
    }
    runner_job *job_;
};

// A record or field of a window.
struct Record {
    size_t start;           // the position in the window
    std::string_view bytes; // the content
    uint64_t ids;           // bit `n`: the prefilter `n` matches
    uint32_t field;         // Window::fields: which field of its record
    size_t full_end;        // where it ends, with what ends it: the \n of a line

    size_t end() const { return start + bytes.size(); }
};

// Records for a range-based `for`. `Next` finds the next one.
template <class Next> class Records {
public:
    class Iterator {
    public:
        Record operator*() const { return {record_.start, view(record_.bytes, record_.length), record_.ids, record_.field, record_.full_end}; }
        Iterator &operator++() { more_ = records_->next_(records_->window_, &record_); return *this; }
        bool operator!=(std::nullptr_t) const { return more_; }
        explicit Iterator(const Records *records) : records_(records) { ++*this; }

    private:
        const Records *records_;
        runner_record record_ = {};
        bool more_ = false;
    };
    Records(const runner_window *window, Next next) : window_(window), next_(next) {}
    Iterator begin() const { return Iterator(this); }
    std::nullptr_t end() const { return nullptr; }

private:
    const runner_window *window_;
    Next next_;
};

// A part of the file. All positions are positions in it.
class Window {
public:
    std::string_view bytes() const { return view(window_->bytes, window_->length); }
    size_t size() const { return window_->length; }
    uint64_t offset() const { return window_->offset; } // of the first byte in the file
    size_t owned_start() const { return window_->owned_start; }
    size_t owned_end() const { return window_->owned_end; }
    bool first() const { return window_->first; }
    bool last() const { return window_->last; }

    // The records; call the one of the job's framing. A line comes without its
    // \n; all other records hold their delimiter.
    auto lines() const { return Records(window_, runner_next_line); }
    auto delimited(std::string_view delimiter) const {
        return Records(window_, [=](const runner_window *w, runner_record *r) { return runner_next_delimited(w, delimiter.data(), delimiter.size(), r); });
    }
    auto quoted(char delimiter, char quote) const {
        return Records(window_, [=](const runner_window *w, runner_record *r) {
            return runner_next_quoted(w, static_cast<uint8_t>(delimiter), static_cast<uint8_t>(quote), r);
        });
    }
    auto fixed(size_t size) const {
        return Records(window_, [=](const runner_window *w, runner_record *r) { return runner_next_fixed(w, size, r); });
    }
    auto length_prefixed(uint32_t offset, uint8_t width, Order order, int64_t adjustment) const {
        return Records(window_, [=](const runner_window *w, runner_record *r) {
            return runner_next_length_prefixed(w, offset, width, static_cast<runner_order>(order), adjustment, r);
        });
    }
    // The fields of a projection.
    auto fields() const { return Records(window_, runner_next_field); }

    explicit Window(const runner_window *window) : window_(window) {}

private:
    const runner_window *window_;
};

// The edits of a window: in order and without overlap.
class Edits {
public:
    void replace(size_t start, size_t end, std::string_view bytes) { runner_replace(start, end, bytes.data(), bytes.size()); }
    void insert(size_t at, std::string_view bytes) { runner_insert(at, bytes.data(), bytes.size()); }
    void erase(size_t start, size_t end) { runner_delete(start, end); }
    // The same as replace, with room for `length` bytes to fill in at once.
    char *replace_room(size_t start, size_t end, size_t length) { return reinterpret_cast<char *>(runner_replace_room(start, end, length)); }
    // The whole window.
    void replace_all(std::string_view bytes) { runner_replace_all(bytes.data(), bytes.size()); }
    void count(size_t index, uint64_t number = 1) { runner_count(index, number); }
    // With a sequential framing: how much was dealt with, if not all. UINT64_MAX skips all of the rest.
    void consumed(uint64_t bytes) { runner_consumed(bytes); }
};

// A table of the user.
class Table {
public:
    static std::optional<Table> open(const char *name) {
        Table table(name);
        return runner_table_size(name, &table.size_) ? std::optional(table) : std::nullopt;
    }
    uint64_t size() const { return size_; }
    // As many bytes as asked for, or fewer at its end.
    std::string_view read(uint64_t offset, uint32_t length) const {
        const runner_bytes bytes = runner_table_read(name_, offset, length);
        return view(bytes.data, bytes.length);
    }
    // The whole table.
    std::string all() const {
        std::string all;
        for (std::string_view part; !(part = read(all.size(), 1 << 16)).empty();) all += part;
        return all;
    }

private:
    explicit Table(const char *name) : name_(name) {}
    const char *name_;
    uint64_t size_ = 0;
};

// Where `needle` begins at `from` or later, or npos: much faster than
// std::string_view::find.
inline size_t find(std::string_view bytes, std::string_view needle, size_t from = 0) {
    if (from > bytes.size()) return std::string_view::npos;
    const size_t found = runner_find(bytes.data() + from, bytes.size() - from, needle.data(), needle.size());
    return found == RUNNER_NONE ? std::string_view::npos : from + found;
}

// ---- The implementation ----

namespace detail {

template <class P> inline constexpr size_t choices_length = [] {
    size_t length = 1;
    for (const Param &param : P::manifest.params) length += param.choices.size() + 1;
    return length;
}();

// The lists of the manifest, each with a terminator.
template <class P> inline constexpr auto choices = [] {
    std::array<const char *, choices_length<P>> all = {};
    size_t at = 0;
    for (const Param &param : P::manifest.params) {
        for (const char *choice : param.choices) all[at++] = choice;
        all[at++] = nullptr;
    }
    return all;
}();

template <class P> inline constexpr auto params = [] {
    std::array<runner_param, P::manifest.params.size() + 1> all = {};
    size_t at = 0, choice = 0;
    for (const Param &p : P::manifest.params) {
        all[at++] = {p.name, static_cast<runner_kind>(p.kind), p.doc, p.required, p.repeats, p.from_file, p.default_value, &choices<P>[choice]};
        choice += p.choices.size() + 1;
    }
    return all;
}();

template <class P> inline constexpr auto tables = [] {
    std::array<runner_table, P::manifest.tables.size() + 1> all = {};
    size_t at = 0;
    for (const TableSpec &table : P::manifest.tables) all[at++] = {table.name, table.doc, table.required};
    return all;
}();

template <class P> inline std::optional<P> plugin;

template <class P> const char *begin(runner_job *job) {
    const runner_file *from = runner_get_file();
    File file;
    if (from->has_size) file.size = from->size;
    if (from->has_seed) file.seed = from->seed;
    file.head = view(from->head.data, from->head.length);
    Job wrapped(job);
    return plugin<P>.emplace().begin(Params(), file, wrapped).message_;
}

template <class P> const char *transform(const runner_window *window) {
    Edits edits;
    return plugin<P>->transform(Window(window), edits).message_;
}

} // namespace detail
} // namespace runner

// What the standard library calls before it ends the program: for an exception
// that it would throw, a check that fails, a pure virtual function. Here it logs,
// and the parts of libc that write to files are not needed. These are weak, for
// several sources.
#if __has_include(<__verbose_abort>)
#include <__verbose_abort>
#ifndef _LIBCPP_VERBOSE_ABORT_NOEXCEPT // libc++ before 20
#define _LIBCPP_VERBOSE_ABORT_NOEXCEPT
#endif
_LIBCPP_BEGIN_NAMESPACE_STD
__attribute__((weak, noreturn)) void __libcpp_verbose_abort(const char *format, ...) _LIBCPP_VERBOSE_ABORT_NOEXCEPT {
    va_list arguments;
    va_start(arguments, format);
    runner_vlog_(RUNNER_ERROR, format, arguments);
    va_end(arguments);
    __builtin_trap();
}
_LIBCPP_END_NAMESPACE_STD
#endif

extern "C" __attribute__((weak, noreturn)) void abort_message(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    runner_vlog_(RUNNER_ERROR, format, arguments);
    va_end(arguments);
    __builtin_trap();
}

__attribute__((weak)) void *operator new(size_t size) {
    void *block = malloc(size ? size : 1);
    if (!block) runner_die_("the plugin is out of memory");
    return block;
}
__attribute__((weak)) void *operator new[](size_t size) { return operator new(size); }
__attribute__((weak)) void operator delete(void *block) noexcept { free(block); }
__attribute__((weak)) void operator delete[](void *block) noexcept { free(block); }
__attribute__((weak)) void operator delete(void *block, size_t) noexcept { free(block); }
__attribute__((weak)) void operator delete[](void *block, size_t) noexcept { free(block); }

// Makes a plugin of a class. Once in a program, outside of namespaces.
#define RUNNER_PLUGIN(Class)                                                                               \
    extern "C" {                                                                                           \
    extern constinit const runner_manifest runner_plugin = {                                               \
        Class::manifest.name,    Class::manifest.version,           Class::manifest.summary,               \
        Class::manifest.license, runner::detail::params<Class>.data(), runner::detail::tables<Class>.data(), \
        Class::manifest.seed};                                                                             \
    const char *runner_begin(runner_job *job) { return runner::detail::begin<Class>(job); }               \
    const char *runner_transform(const runner_window *window) { return runner::detail::transform<Class>(window); } \
    }
