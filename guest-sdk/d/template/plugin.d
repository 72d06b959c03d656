// Shifts time stamps of the form `ts=2026-11-26T10:00:00Z` by a number of
// seconds. Replace this with what your plugin does.
//
// This is the bare contract, without an SDK: runner/README.md explains how every
// value lies in memory. The host calls `describe`, `begin` and `transform`, and
// each returns the address of its answer.
module plugin;

import ldc.attributes : llvmAttr;

extern (C): // no mangled names
@nogc:
nothrow:

// ---- The contract, as far as this plugin uses it ---------------------------

// A list or a text: where its content is, and how many elements it has.
struct List {
    const(void)* content;
    uint length;
}

struct Param { // record param-spec, 40 bytes
    List name;
    ubyte kind = 1; // an integer
    ubyte use = 1; // required
    uint hasDefault;
    List defaultValue, doc, choices;
}

struct Manifest { // 52 bytes
    List name, version_, summary, license, params, tables;
    ubyte seed;
}

struct Value { // record param, 24 bytes
    List name;
    ubyte tag; // 0 text, 1 bytes, 2 integer, 3 boolean
    union {
        List bytes;
        long integer;
        bool boolean;
    }
}

struct Prefilter { // 20 bytes
    ubyte id;
    uint tag; // 0 literals, 1 a regular expression
    List patterns;
    ubyte ignoreAsciiCase;
}

struct Job { // 88 bytes
    ulong framing = 1; // delimited
    List delimiter;
    ubyte[24] otherFramings;
    List prefilters;
    ubyte showAll, claims, showEmpty;
    List counts;
    uint hasProjection, projectionDelimiter;
    List projectionFields;
    uint hasRanges;
    List ranges;
}

struct Span { // record edit
    uint start, end, length;
}

struct Count {
    uint name;
    ulong number;
}

struct Reply { // 40 bytes
    ulong consumed;
    uint change; // 0 unchanged, 1 edits, 2 replaced
    List spans, bytes, counts;
}

struct Failure {
    List message;
    uint hasPosition, position;
}

// result<job, failure> and result<reply, failure>: 0 is ok, 1 is error.
struct Answer {
    ulong isFailure;
    union {
        Job job;
        Reply reply;
        Failure failure;
    }
}

static assert(Param.sizeof == 40 && Manifest.sizeof == 52 && Value.sizeof == 24);
static assert(Prefilter.sizeof == 20 && Job.sizeof == 88 && Reply.sizeof == 40);

List text(const(char)[] characters) {
    return List(characters.ptr, cast(uint) characters.length);
}

// The name of a function for the host, which no name of D could be.
extern (D) auto exported(string name) {
    return llvmAttr("wasm-export-name", name);
}

// ---- Memory -----------------------------------------------------------------

extern __gshared ubyte __heap_base; // where the linker's data ends
__gshared uint free, kept; // the first free byte, and where a window begins

pragma(LDC_intrinsic, "llvm.wasm.memory.size.i32") int memorySize(int memory);
pragma(LDC_intrinsic, "llvm.wasm.memory.grow.i32") int memoryGrow(int memory, int pages);
pragma(LDC_intrinsic, "llvm.trap") void trap();

// The host asks for memory here before it passes a text, bytes or a list.
@exported("cabi_realloc")
void* allocate(void*, uint, uint alignment, uint size) {
    if (free == 0) free = cast(uint) &__heap_base;
    const start = (free + alignment - 1) & ~(alignment - 1);
    free = start + size;
    const pages = cast(int)((ulong(free) + 65_535) >> 16) - memorySize(0);
    if (pages > 0 && memoryGrow(0, pages) == -1) trap();
    return cast(void*) start;
}

// The host calls this when it has read the answer of `transform`: what was made for
// this window is of no more use.
@exported("cabi_post_runner:plugin/guest@0.2.0#transform")
void afterTransform(void*) {
    free = kept;
}

// ---- The plugin ---------------------------------------------------------------

__gshared Manifest manifest;
__gshared Param[1] params;
__gshared Answer answer;
__gshared List lineEnd, key, stamps;
__gshared Prefilter[1] prefilters;
__gshared Count[1] counts;
__gshared long seconds;

@exported("runner:plugin/guest@0.2.0#describe")
Manifest* describe() {
    params[0].name = text("seconds");
    params[0].doc = text("How many seconds to add");
    manifest.name = text("{{name}}");
    manifest.version_ = text("0.1.0");
    manifest.summary = text("Shifts time stamps by a number of seconds");
    manifest.license = text("Apache-2.0");
    manifest.params = List(params.ptr, 1);
    return &manifest;
}

// Called once for each file: reads the parameters, and says what the plugin wants
// to see. A file is passed field by field, and an option as two values.
@exported("runner:plugin/guest@0.2.0#begin")
Answer* begin(const(Value)* values, uint, uint, ulong, const(ubyte)*, uint, uint, ulong) {
    seconds = values[0].integer; // it is required, and there is no other
    kept = free;
    answer = Answer.init;
    answer.job = Job.init;
    answer.job.delimiter = text("\n");
    key = text("ts="); // only lines that hold this are shown
    prefilters[0] = Prefilter.init;
    prefilters[0].patterns = List(&key, 1);
    answer.job.prefilters = List(prefilters.ptr, 1);
    answer.job.claims = 1 | 2 | 8; // text, length-preserving, deterministic
    stamps = text("stamps");
    answer.job.counts = List(&stamps, 1);
    return &answer;
}

// Called for each window of the file, which is passed field by field, too. Edits
// are in positions of the window.
@exported("runner:plugin/guest@0.2.0#transform")
Answer* transform(ulong, const(ubyte)* bytes, uint length, uint, uint, uint, uint, void*, uint, void*, uint) {
    // A stamp has 20 bytes and 3 before it: there are not more edits than this.
    const most = length / 23 + 1;
    auto spans = cast(Span*) allocate(null, 0, 4, most * cast(uint) Span.sizeof);
    auto replacements = cast(ubyte*) allocate(null, 0, 1, most * 20);
    const end = daysBefore(10_000) * 86_400;
    uint edits;
    for (uint at = 0; at + 23 <= length;) {
        if (bytes[at] != 't' || bytes[at + 1] != 's' || bytes[at + 2] != '=') {
            at++;
            continue;
        }
        at += 3;
        const time = parse(bytes + at);
        if (time < 0) continue;
        // Neither of these overflows: a time is less than 2^39.
        if (seconds >= end - time || seconds < -time) {
            return fail("the shifted year is outside of 0000..9999", at);
        }
        show(time + seconds, replacements + edits * 20);
        spans[edits++] = Span(at, at + 20, 20);
        at += 20;
    }
    answer = Answer.init;
    answer.reply = Reply.init;
    answer.reply.change = edits ? 1 : 0;
    answer.reply.spans = List(spans, edits);
    answer.reply.bytes = List(replacements, edits * 20);
    counts[0].number = edits;
    answer.reply.counts = List(counts.ptr, 1);
    return &answer;
}

Answer* fail(const(char)[] message, uint position) {
    answer.isFailure = 1;
    answer.failure = Failure(text(message), 1, position);
    return &answer;
}

// ---- Times --------------------------------------------------------------------

bool isLeap(long year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

long daysIn(long year, long month) {
    if (month == 2) return isLeap(year) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Days from 0000-01-01 to the first day of a year.
long daysBefore(long year) {
    return year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

long number(const(ubyte)* digits, uint length) {
    long number = 0;
    foreach (i; 0 .. length) number = number * 10 + (digits[i] - '0');
    return number;
}

// The seconds since 0000-01-01T00:00:00Z, or -1 if these 20 bytes are no time.
long parse(const(ubyte)* stamp) {
    foreach (i, form; "dddd-dd-ddTdd:dd:ddZ") {
        if (form == 'd' ? stamp[i] < '0' || stamp[i] > '9' : stamp[i] != form) return -1;
    }
    const year = number(stamp, 4), month = number(stamp + 5, 2), day = number(stamp + 8, 2);
    const hour = number(stamp + 11, 2), minute = number(stamp + 14, 2), second = number(stamp + 17, 2);
    if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return -1;
    if (hour > 23 || minute > 59 || second > 59) return -1;
    long days = daysBefore(year) + day - 1;
    foreach (before; 1 .. month) days += daysIn(year, before);
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

void digits(ubyte* at, int length, long number) {
    for (int i = length - 1; i >= 0; i--) {
        at[i] = cast(ubyte)('0' + number % 10);
        number /= 10;
    }
}

void show(long time, ubyte* stamp) {
    const second = time % 86_400;
    long day = time / 86_400, year = day / 366, month = 1;
    while (daysBefore(year + 1) <= day) year++;
    for (day -= daysBefore(year); day >= daysIn(year, month); month++) day -= daysIn(year, month);
    foreach (i, form; "0000-00-00T00:00:00Z") stamp[i] = form;
    digits(stamp, 4, year);
    digits(stamp + 5, 2, month);
    digits(stamp + 8, 2, day + 1);
    digits(stamp + 11, 2, second / 3600);
    digits(stamp + 14, 2, second / 60 % 60);
    digits(stamp + 17, 2, second % 60);
}
