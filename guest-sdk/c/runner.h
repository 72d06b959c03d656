/* runner.h: write plugins for `runner` in C. One header; no libc, no bindings.
 *
 * A plugin defines three things:
 *
 *     const runner_manifest runner_plugin = {...};          what it is
 *     const char *runner_begin(runner_job *job);            what it wants to see
 *     const char *runner_transform(const runner_window *w); what it changes
 *
 * Both functions return NULL, or a message for the user, which ends the run
 * with the file untouched. README.md lists every function.
 *
 * Memory: there is nothing to free. What you allocate, and what the functions
 * here return, lives until the call in which it was made is over; if it was
 * made in `runner_begin`, it lives for ever.
 *
 * Mistakes (a parameter of another kind, edits out of order) end the run with
 * a message as well; the functions here need no checks of yours.
 *
 * All offsets and lengths are in bytes. The contract is version 0.2.0.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif
#ifdef __wasi__
#include <string.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What a plugin says of itself ---------------------------------------- */

/* What the values of a parameter look like. The host checks and converts. */
typedef enum runner_kind {
    RUNNER_TEXT,    /* read it with runner_get_text or runner_get_bytes */
    RUNNER_INTEGER, /* runner_get_integer */
    RUNNER_BOOLEAN, /* runner_get_boolean */
    RUNNER_SECRET,  /* a text that is neither shown nor stored */
    RUNNER_BYTES,   /* text with escapes such as \n and \xff; runner_get_bytes */
    RUNNER_CHOICE,  /* a text that is one of `choices` */
} runner_kind;

/* A parameter, as in `--set NAME=VALUE`. */
typedef struct runner_param {
    const char *name;
    runner_kind kind;
    const char *doc;           /* one line for the reader of `runner plugin inspect` */
    bool required;             /* the run is refused without it */
    bool repeats;              /* may be given several times; see runner_next_value */
    bool from_file;            /* `@PATH` stands for the content of a file */
    const char *default_value; /* as on the command line; NULL for none */
    const char *const *choices; /* RUNNER_WORDS("one", "two") */
} runner_param;

/* A read-only table, as in `--table NAME=FILE`. */
typedef struct runner_table {
    const char *name;
    const char *doc;
    bool required;
} runner_table;

/* The manifest: define one with the name `runner_plugin`. */
typedef struct runner_manifest {
    const char *name;    /* lower-case letters, digits and hyphens */
    const char *version; /* as in semantic versioning */
    const char *summary; /* one line */
    const char *license; /* an SPDX expression */
    const runner_param *params; /* RUNNER_PARAMS({...}, {...}) */
    const runner_table *tables; /* RUNNER_TABLES({...}) */
    bool seed;                  /* takes `--seed N` */
} runner_manifest;

/* Lists for the manifest; only outside of functions. */
#define RUNNER_PARAMS(...) ((const runner_param[]){__VA_ARGS__, {0}})
#define RUNNER_TABLES(...) ((const runner_table[]){__VA_ARGS__, {0}})
#define RUNNER_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- Parameters and the file, in runner_begin ----------------------------- */

/* Some bytes. They are not terminated by a zero. */
typedef struct runner_bytes {
    const uint8_t *data;
    size_t length;
} runner_bytes;

/* A value of a parameter. */
typedef struct runner_value {
    const char *name;
    runner_kind kind;   /* RUNNER_TEXT for texts, secrets and choices */
    runner_bytes bytes; /* RUNNER_TEXT, RUNNER_BYTES */
    int64_t integer;    /* RUNNER_INTEGER */
    bool boolean;       /* RUNNER_BOOLEAN */
} runner_value;

/* What is known of the file. */
typedef struct runner_file {
    bool has_size;     /* false for a stream */
    uint64_t size;
    runner_bytes head; /* the first 64 KiB, or the whole of a shorter file */
    bool has_seed;     /* whether the user gave `--seed N` */
    uint64_t seed;
} runner_file;

/* The first value of a parameter. They return false, and leave `*value` as it
 * is, if the user gave none and it has no default. */
bool runner_get_integer(const char *name, int64_t *value);
bool runner_get_boolean(const char *name, bool *value);
/* A text, terminated by a zero; one that holds a zero itself is an error. */
bool runner_get_text(const char *name, const char **value);
/* A text or bytes. */
bool runner_get_bytes(const char *name, runner_bytes *value);

/* All values in the order in which they were given: the one after `previous`
 * (NULL: the first one) that has this name (NULL: any name), or NULL.
 *     for (const runner_value *v = NULL; (v = runner_next_value("word", v));) */
const runner_value *runner_next_value(const char *name, const runner_value *previous);

/* What is known of the file. */
const runner_file *runner_get_file(void);

/* ---- The job, in runner_begin --------------------------------------------- */

/* How the bytes of a number are ordered. */
typedef enum runner_order { RUNNER_LITTLE, RUNNER_BIG } runner_order;

/* A range of bytes [start, end) of the file. */
typedef struct runner_range {
    uint64_t start, end;
} runner_range;

/* Not for use: lists, and the framing, as the contract lays them out. */
struct runner_list_ {
    const void *data;
    size_t length;
};
struct runner_framing_ {
    uint8_t tag;
    union {
        struct runner_list_ delimiter;
        struct { uint8_t delimiter, quote; } quoted;
        struct { uint64_t header, size; } fixed;
        struct {
            uint64_t header;
            uint32_t offset;
            uint8_t width, order;
            int64_t adjustment;
            struct runner_list_ checks;
        } prefixed;
        struct { uint32_t before, after; } overlapping;
    } of;
};

/* What the plugin asks for. Call one function that sets the framing. */
typedef struct runner_job {
    bool text;              /* claim: reads text; the host refuses compressed files and UTF-16 */
    bool length_preserving; /* claim: replaces bytes by as many bytes; the host enforces it */
    bool idempotent;        /* claim: a second run changes nothing */
    bool deterministic;     /* claim: the same window gives the same answer in any instance */
    bool show_all;          /* show records that match no prefilter as well */
    bool show_empty;        /* show an empty file as one empty window */
    /* Not for use: set by the functions below. */
    bool has_framing_, has_projection_, has_ranges_;
    uint8_t projection_delimiter_;
    struct runner_framing_ framing_;
    struct runner_list_ prefilters_, counts_, projection_, ranges_;
} runner_job;

/* Where records end. A window holds whole records. */
void runner_job_lines(runner_job *job);
void runner_job_delimited(runner_job *job, const void *delimiter, size_t length);
/* As CSV: a delimiter inside quotes ends nothing. */
void runner_job_quoted(runner_job *job, uint8_t delimiter, uint8_t quote);
/* `header` bytes at the start of the file belong to no record. */
void runner_job_fixed(runner_job *job, uint64_t header, uint64_t size);
/* Records of offset + width + field + adjustment bytes. */
void runner_job_length_prefixed(runner_job *job, uint64_t header, uint32_t offset, uint8_t width,
                                runner_order order, int64_t adjustment);
/* After runner_job_length_prefixed: a field that lies between `min` and `max`
 * in every record. */
void runner_job_check(runner_job *job, uint32_t offset, uint8_t width, runner_order order, uint64_t min,
                      uint64_t max);
/* Any cut, with context on both sides. */
void runner_job_overlapping(runner_job *job, uint32_t before, uint32_t after);
/* Any cut, without context. */
void runner_job_bytes(runner_job *job);
/* One instance sees the file in order; see runner_consumed. */
void runner_job_sequential(runner_job *job);

/* Adds a prefilter: the host shows only records with one of these texts, or
 * with a match of the regular expression. Returns its id: 0, 1, ... */
#define runner_job_literals(job, ...) \
    runner_job_texts_((job), false, (const char *const[]){__VA_ARGS__, NULL})
#define runner_job_literals_any_case(job, ...) \
    runner_job_texts_((job), true, (const char *const[]){__VA_ARGS__, NULL})
unsigned runner_job_byte_literals(runner_job *job, const runner_bytes *literals, size_t count, bool any_case);
unsigned runner_job_regex(runner_job *job, const char *expression);
unsigned runner_job_texts_(runner_job *job, bool any_case, const char *const *texts);

/* Adds a name of what the plugin counts. Returns its index, for runner_count. */
size_t runner_job_count(runner_job *job, const char *name);
/* With lines or a quoted framing: only these fields, counted from 0. */
#define runner_job_project(job, delimiter, ...)                              \
    runner_job_fields_((job), (delimiter), (const uint32_t[]){__VA_ARGS__}, \
                       sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
void runner_job_fields_(runner_job *job, uint8_t delimiter, const uint32_t *fields, size_t count);
/* With runner_job_bytes: only these ranges of the file. */
void runner_job_ranges(runner_job *job, const runner_range *ranges, size_t count);

/* ---- The window, in runner_transform --------------------------------------- */

/* A record that matches prefilters: bit `n` of `ids` for the id `n`. */
typedef struct runner_match {
    uint32_t start;
    uint64_t ids;
} runner_match;

/* A field that a projection shows. It ends one byte before the next one. */
typedef struct runner_shown_field {
    uint32_t start, field;
} runner_shown_field;

/* A part of the file. */
typedef struct runner_window {
    uint64_t offset;      /* the file offset of the first byte */
    const uint8_t *bytes; /* the content; positions count from here */
    size_t length;
    size_t owned_start, owned_end; /* where edits may start */
    bool last, first;              /* at the end, at the start of the file */
    const runner_match *matches;   /* with several prefilters or show_all */
    size_t matches_length;
    const runner_shown_field *fields; /* with a projection */
    size_t fields_length;
} runner_window;

/* A record or field of a window. Start with `runner_record r = {0};`. */
typedef struct runner_record {
    size_t start;         /* the position in the window */
    const uint8_t *bytes; /* the content */
    size_t length;
    size_t full_end; /* where the record ends, with what ends it: the `\n` of a line */
    uint64_t ids;   /* the prefilters that match; see runner_match */
    uint32_t field; /* runner_next_field: which field of its record */
    size_t next_, match_; /* not for use */
} runner_record;

/* The next record, or false after the last one:
 *     runner_record line = {0};
 *     while (runner_next_line(window, &line)) { ... }
 * Call the one of the job's framing. A line comes without its \n; all other
 * records hold their delimiter. */
static inline bool runner_next_line(const runner_window *window, runner_record *line);
static inline bool runner_next_delimited(const runner_window *window, const void *delimiter, size_t length,
                                         runner_record *record);
static inline bool runner_next_quoted(const runner_window *window, uint8_t delimiter, uint8_t quote,
                                      runner_record *record);
static inline bool runner_next_fixed(const runner_window *window, size_t size, runner_record *record);
static inline bool runner_next_length_prefixed(const runner_window *window, uint32_t offset, uint8_t width,
                                               runner_order order, int64_t adjustment, runner_record *record);
static inline bool runner_next_field(const runner_window *window, runner_record *field);

/* Where `needle` begins in `bytes`, or RUNNER_NONE. */
#define RUNNER_NONE ((size_t)-1)
static inline size_t runner_find(const void *bytes, size_t length, const void *needle, size_t needle_length);
/* A number of 1 to 8 bytes. */
static inline uint64_t runner_number(const uint8_t *bytes, size_t width, runner_order order);

/* Edits: in order, without overlap, in positions of the window. */
static inline void runner_replace(size_t start, size_t end, const void *bytes, size_t length);
static inline void runner_insert(size_t at, const void *bytes, size_t length);
static inline void runner_delete(size_t start, size_t end);
/* The same as runner_replace, with room for `length` bytes that you fill in
 * before the next call of any function. */
static inline uint8_t *runner_replace_room(size_t start, size_t end, size_t length);
/* Replaces the whole window; the host finds the difference. */
void runner_replace_all(const void *bytes, size_t length);
/* Adds to a count of the job. */
void runner_count(size_t index, uint64_t number);
/* With runner_job_sequential: how much was dealt with, if not all; UINT64_MAX skips all of the rest. */
void runner_consumed(uint64_t bytes);

/* ---- Anywhere --------------------------------------------------------------- */

/* A message for `return`, formatted as by printf: integers (with l, ll, z; width
 * and zeros: %04d), %x, %s, %.*s, %c, %p, %%, %.2f (fixed notation only). */
const char *runner_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same at a byte of the window (in runner_begin: of the head); the host
 * says at which line and offset of the file that is. */
const char *runner_fail_at(size_t position, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says something to the user. Warnings and errors are for all users. */
typedef enum runner_level { RUNNER_TRACE, RUNNER_DEBUG, RUNNER_INFO, RUNNER_WARN, RUNNER_ERROR } runner_level;
void runner_log(runner_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the run with a log line that names the place, if something that must be
 * true is not. */
#define runner_assert(condition) \
    ((condition) ? (void)0 : runner_panic("%s:%d: `%s` is false", __FILE__, __LINE__, #condition))
void runner_panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* The size of a table; false if the user gave no such table. */
bool runner_table_size(const char *name, uint64_t *size);
/* Bytes of a table: as many as asked for, or fewer at its end. */
runner_bytes runner_table_read(const char *name, uint64_t offset, uint32_t length);

/* Memory that needs no free; see the top. It is not cleared. */
void *runner_alloc(size_t size);

/* Text or bytes that grow. Start with `runner_buffer b = {0};`. */
typedef struct runner_buffer {
    uint8_t *data;
    size_t length, capacity;
} runner_buffer;
void runner_put(runner_buffer *buffer, const void *bytes, size_t length);
void runner_putf(runner_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What you define. */
extern const runner_manifest runner_plugin;
const char *runner_begin(runner_job *job);
const char *runner_transform(const runner_window *window);

/* What wasi-libc would declare in <string.h>. */
#ifndef __wasi__
void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *left, const void *right, size_t length);
void *memchr(const void *bytes, int value, size_t length);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);
#endif

/* ============================ The implementation ============================= */

/* Functions are weak, so that several sources of one plugin may include this.  */
#define RUNNER_WEAK_ __attribute__((weak))
#define RUNNER_EXPORT_(name) __attribute__((weak, export_name(name)))
#define RUNNER_IMPORT_(name) __attribute__((import_module("runner:plugin/host@0.2.0"), import_name(name)))
#define RUNNER_GUEST_ "runner:plugin/guest@0.2.0#"

RUNNER_IMPORT_("log") void runner_host_log_(int level, const void *text, size_t length);
RUNNER_IMPORT_("table-size") void runner_host_table_size_(const void *name, size_t length, void *result);
RUNNER_IMPORT_("table-read") void runner_host_table_read_(const void *name, size_t length, uint64_t offset,
                                                         uint32_t count, void *result);

/* Memory that comes from the host in whole pages. `end` is one past it. */
struct runner_chunk_ {
    struct runner_chunk_ *next;
    uintptr_t end;
};

/* An edit as the contract lays it out. */
struct runner_span_ {
    uint32_t start, end, length;
};

#define RUNNER_MAX_COUNTS_ 256

struct runner_state_ {
    bool started, begun;
    /* The arena: everything from `top` on is free. A call goes back to the mark. */
    struct runner_chunk_ *first, *chunk, *mark_chunk;
    uintptr_t top, mark_top;
    /* The parameters and the file. */
    const runner_value *values;
    size_t values_length;
    runner_file file;
    /* The first mistake of this call, and the failure with a position. */
    const char *mistake, *failure;
    size_t failure_at;
    bool has_failure_at;
    /* The reply. Capacities are kept for the next window. */
    const runner_window *window;
    struct runner_span_ *spans;
    size_t spans_length, spans_capacity;
    uint8_t *bytes;
    size_t bytes_length, bytes_capacity;
    bool replaced;
    struct runner_list_ replacement;
    uint64_t consumed;
    size_t counts_length;
    uint64_t counts[RUNNER_MAX_COUNTS_];
};

RUNNER_WEAK_ struct runner_state_ runner_state_;

/* ---- Memory ---- */

#ifndef __wasi__
/* Not the compiler's own idea of them, or each would call itself. */
#define RUNNER_LIBC_ __attribute__((weak, no_builtin))
RUNNER_LIBC_ void *memcpy(void *to, const void *from, size_t length) {
    uint8_t *t = (uint8_t *)to;
    const uint8_t *f = (const uint8_t *)from;
#ifdef __wasm_simd128__
    for (; length >= 16; length -= 16, t += 16, f += 16) wasm_v128_store(t, wasm_v128_load(f));
#endif
    for (; length >= 8; length -= 8, t += 8, f += 8) {
        typedef uint64_t __attribute__((aligned(1), may_alias)) runner_loose_;
        *(runner_loose_ *)t = *(const runner_loose_ *)f;
    }
    while (length--) *t++ = *f++;
    return to;
}
RUNNER_LIBC_ void *memmove(void *to, const void *from, size_t length) {
    uint8_t *t = (uint8_t *)to;
    const uint8_t *f = (const uint8_t *)from;
    if (t <= f || t >= f + length) {
        while (length--) *t++ = *f++;
    } else {
        while (length--) t[length] = f[length];
    }
    return to;
}
RUNNER_LIBC_ void *memset(void *to, int value, size_t length) {
    for (uint8_t *t = (uint8_t *)to; length--;) *t++ = (uint8_t)value;
    return to;
}
RUNNER_LIBC_ int memcmp(const void *left, const void *right, size_t length) {
    const uint8_t *l = (const uint8_t *)left, *r = (const uint8_t *)right;
    for (size_t i = 0; i < length; i++) {
        if (l[i] != r[i]) return l[i] < r[i] ? -1 : 1;
    }
    return 0;
}
RUNNER_LIBC_ size_t strlen(const char *text) {
    const char *end = text;
    while (*end) end++;
    return (size_t)(end - text);
}
RUNNER_LIBC_ int strcmp(const char *left, const char *right) {
    while (*left && *left == *right) left++, right++;
    return (int)(uint8_t)*left - (int)(uint8_t)*right;
}
RUNNER_LIBC_ void *memchr(const void *bytes, int value, size_t length) {
    const char byte = (char)value;
    const size_t at = runner_find(bytes, length, &byte, 1);
    return at == RUNNER_NONE ? NULL : (char *)bytes + at;
}
/* What the compiler calls to multiply 128 bits, as __builtin_mul_overflow does. */
__int128 __multi3(__int128 left, __int128 right);
RUNNER_LIBC_ __int128 __multi3(__int128 left, __int128 right) {
    const uint64_t l = (uint64_t)left, r = (uint64_t)right, half = 0xffffffff;
    const uint64_t low = (l & half) * (r & half);
    const uint64_t middle = (l >> 32) * (r & half) + (low >> 32);
    const uint64_t other = (l & half) * (r >> 32) + (middle & half);
    const uint64_t high = (l >> 32) * (r >> 32) + (middle >> 32) + (other >> 32) +
                          (uint64_t)(left >> 64) * r + l * (uint64_t)(right >> 64);
    return (__int128)((unsigned __int128)high << 64 | (other << 32 | (low & half)));
}
#endif

static inline void runner_die_(const char *message) {
    runner_host_log_(RUNNER_ERROR, message, strlen(message));
    __builtin_trap();
}

/* At least `size` more bytes after `top`, in this chunk or in a new one. */
RUNNER_WEAK_ void runner_grow_memory_(size_t size) {
    struct runner_state_ *s = &runner_state_;
    const size_t page = 65536;
    const size_t now = __builtin_wasm_memory_size(0);
    const bool goes_on = s->chunk && s->chunk->end == now * page;
    const size_t slack = goes_on ? s->chunk->end - s->top : 0;
    const size_t need = size - (size < slack ? size : slack) + sizeof(struct runner_chunk_) + 16;
    const size_t pages = need / page + 1;
    /* One page less than 4 GiB, so that `end` does not wrap round. */
    if (size > 0xfff00000u || pages > 65535 - now || __builtin_wasm_memory_grow(0, pages) == (size_t)-1) {
        runner_die_("the plugin is out of memory");
    }
    if (goes_on) {
        s->chunk->end += pages * page;
        return;
    }
    struct runner_chunk_ *chunk = (struct runner_chunk_ *)(now * page);
    chunk->next = NULL;
    chunk->end = (now + pages) * page;
    if (s->chunk) s->chunk->next = chunk;
    else s->first = chunk;
    s->chunk = chunk;
    s->top = (uintptr_t)(chunk + 1);
}

static inline void *runner_take_(size_t size, size_t align) {
    struct runner_state_ *s = &runner_state_;
    for (;;) {
        if (s->chunk) {
            const uintptr_t at = (s->top + align - 1) & ~(uintptr_t)(align - 1);
            if (at <= s->chunk->end && s->chunk->end - at >= size) {
                s->top = at + size;
                return (void *)at;
            }
            if (s->chunk->next) {
                s->chunk = s->chunk->next;
                s->top = (uintptr_t)(s->chunk + 1);
                continue;
            }
        }
        runner_grow_memory_(size + align);
    }
}

/* The same block with more room; it is moved unless it is the last one. */
RUNNER_WEAK_ void *runner_retake_(void *old, size_t old_size, size_t size, size_t align) {
    struct runner_state_ *s = &runner_state_;
    if (old_size && (uintptr_t)old + old_size == s->top && s->chunk->end - (uintptr_t)old >= size) {
        s->top = (uintptr_t)old + size;
        return old;
    }
    void *block = runner_take_(size, align);
    if (old_size) memcpy(block, old, old_size < size ? old_size : size);
    return block;
}

RUNNER_WEAK_ void *runner_alloc(size_t size) { return runner_take_(size, 16); }

static inline void runner_keep_(void) {
    runner_state_.mark_chunk = runner_state_.chunk;
    runner_state_.mark_top = runner_state_.top;
}

static inline void runner_back_to_(struct runner_chunk_ *chunk, uintptr_t top) {
    if (!chunk && runner_state_.first) {
        chunk = runner_state_.first;
        top = (uintptr_t)(chunk + 1);
    }
    runner_state_.chunk = chunk;
    runner_state_.top = top;
}

#ifndef __wasi__
void __wasm_call_ctors(void);
#endif

/* Before anything else: constructors, whose memory is kept. */
static inline void runner_start_(void) {
    if (runner_state_.started) return;
    runner_state_.started = true;
#ifndef __wasi__
    __wasm_call_ctors();
#endif
    runner_keep_();
}

/* A list that grows by doubling: its capacity is the next power of two. */
static inline void *runner_push_(struct runner_list_ *list, size_t size, size_t align) {
    if ((list->length & (list->length - 1)) == 0) {
        const size_t capacity = list->length ? list->length * 2 : 1;
        list->data = runner_retake_((void *)list->data, list->length * size, capacity * size, align);
    }
    return (uint8_t *)list->data + size * list->length++;
}

static inline struct runner_list_ runner_text_(const char *text) {
    struct runner_list_ list = {text, text ? strlen(text) : 0};
    return list;
}

static inline struct runner_list_ runner_copy_(const void *data, size_t length) {
    struct runner_list_ list = {runner_take_(length, 16), length};
    if (length) memcpy((void *)list.data, data, length);
    return list;
}

/* ---- Text ---- */

static inline void runner_room_(runner_buffer *buffer, size_t length) {
    if (length <= buffer->capacity - buffer->length) return;
    size_t capacity = buffer->capacity < 32 ? 64 : buffer->capacity * 2;
    if (capacity < buffer->length + length) capacity = buffer->length + length;
    buffer->data = (uint8_t *)runner_retake_(buffer->data, buffer->capacity, capacity, 16);
    buffer->capacity = capacity;
}

RUNNER_WEAK_ void runner_put(runner_buffer *buffer, const void *bytes, size_t length) {
    if (!length) return;
    runner_room_(buffer, length);
    memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
}

/* Appends `text`, at least `width` wide. A sign stays before filling zeros. */
static inline void runner_put_wide_(runner_buffer *buffer, const char *text, size_t length, size_t width,
                                    bool zeros, bool left) {
    if (zeros && length && *text == '-') {
        runner_put(buffer, text++, 1);
        length--;
        if (width) width--;
    }
    if (left) runner_put(buffer, text, length);
    for (size_t i = length; i < width; i++) runner_put(buffer, zeros && !left ? "0" : " ", 1);
    if (!left) runner_put(buffer, text, length);
}

RUNNER_WEAK_ void runner_vputf_(runner_buffer *buffer, const char *format, va_list arguments) {
    for (const char *f = format; *f; f++) {
        const char *run = f;
        while (*f && *f != '%') f++;
        runner_put(buffer, run, (size_t)(f - run));
        if (!*f) return;
        bool zeros = false, left = false, has_precision = false;
        size_t width = 0, precision = 0;
        int longs = 0;
        for (f++; *f == '0' || *f == '-' || *f == '+' || *f == ' ' || *f == '#'; f++) {
            zeros |= *f == '0';
            left |= *f == '-';
        }
        if (*f == '*') {
            const int given = va_arg(arguments, int);
            left |= given < 0;
            width = (size_t)(given < 0 ? -given : given);
            f++;
        }
        for (; *f >= '0' && *f <= '9'; f++) width = width * 10 + (size_t)(*f - '0');
        if (*f == '.') {
            has_precision = true;
            if (*++f == '*') {
                const int given = va_arg(arguments, int);
                precision = given < 0 ? 0 : (size_t)given;
                f++;
            }
            for (; *f >= '0' && *f <= '9'; f++) precision = precision * 10 + (size_t)(*f - '0');
        }
        for (; *f == 'l' || *f == 'z' || *f == 'j' || *f == 't' || *f == 'h'; f++) {
            longs += *f == 'j' ? 2 : *f == 'l' ? 1 : 0;
        }
        char digits[24], *end = digits + sizeof digits, *text = end;
        switch (*f) {
        case '%': runner_put(buffer, "%", 1); continue;
        case 'c': *--text = (char)va_arg(arguments, int); break;
        case 's': {
            const char *string = va_arg(arguments, const char *);
            if (!string) string = "(null)", has_precision = false;
            size_t length = 0;
            while (!(has_precision && length == precision) && string[length]) length++;
            /* A zero ends it, even where the precision allows for more. */
            runner_put_wide_(buffer, string, length, width, false, left);
            continue;
        }
        case 'd': case 'i': case 'u': case 'x': case 'X': case 'p': {
            const bool is_signed = *f == 'd' || *f == 'i';
            const unsigned base = *f == 'x' || *f == 'X' || *f == 'p' ? 16 : 10;
            uint64_t number = longs >= 2 ? va_arg(arguments, uint64_t)
                              : is_signed ? (uint64_t)(int64_t)va_arg(arguments, int32_t)
                                          : va_arg(arguments, uint32_t);
            const bool negative = is_signed && (int64_t)number < 0;
            if (negative) number = 0 - number;
            do *--text = (*f == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[number % base];
            while ((number /= base) != 0);
            if (negative) *--text = '-';
            break;
        }
        case 'f': case 'F': case 'e': case 'E': case 'g': case 'G': {
            /* Fixed notation only, for what fits in 64 bits. */
            double number = va_arg(arguments, double);
            if (!has_precision) precision = 6;
            if (precision > 9) precision = 9;
            uint64_t unit = 1;
            for (size_t i = 0; i < precision; i++) unit *= 10;
            const bool negative = number < 0;
            number = (negative ? -number : number) * (double)unit + 0.5;
            if (!(number < 18446744073709551616.0)) {
                runner_put_wide_(buffer, number != number ? "nan" : "huge", number != number ? 3 : 4, width, false, left);
                continue;
            }
            uint64_t scaled = (uint64_t)number;
            char long_digits[40];
            text = end = long_digits + sizeof long_digits;
            for (size_t i = 0; i < precision; i++, scaled /= 10) *--text = (char)('0' + scaled % 10);
            if (precision) *--text = '.';
            do *--text = (char)('0' + scaled % 10);
            while ((scaled /= 10) != 0);
            if (negative) *--text = '-';
            runner_put_wide_(buffer, text, (size_t)(end - text), width, zeros, left);
            continue;
        }
        default: /* Not supported: shown as it is, so that it is seen. */
            runner_put(buffer, "%", 1);
            if (!*f) return;
            *--text = *f;
        }
        runner_put_wide_(buffer, text, (size_t)(end - text), width, zeros, left);
    }
}

RUNNER_WEAK_ void runner_putf(runner_buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    runner_vputf_(buffer, format, arguments);
    va_end(arguments);
}

/* The length of the UTF-8 sequence at `at`; 0 if there is none. */
static inline size_t runner_utf8_(const uint8_t *at, size_t left) {
    if (*at < 0x80) return 1;
    const size_t length = *at >= 0xc2 && *at <= 0xdf ? 2 : (*at & 0xf0) == 0xe0 ? 3 : *at >= 0xf0 && *at <= 0xf4 ? 4 : 0;
    if (!length || length > left) return 0;
    const uint8_t least = *at == 0xe0 ? 0xa0 : *at == 0xf0 ? 0x90 : 0x80;
    const uint8_t most = *at == 0xed ? 0x9f : *at == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < least || at[1] > most) return 0;
    for (size_t i = 2; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
    }
    return length;
}

/* The text with a replacement character for each byte that is no UTF-8: the
 * host takes nothing else. */
RUNNER_WEAK_ struct runner_list_ runner_clean_(const void *text, size_t length) {
    const uint8_t *bytes = (const uint8_t *)text;
    size_t at = 0, step;
    while (at < length && (step = runner_utf8_(bytes + at, length - at)) != 0) at += step;
    runner_buffer clean = {0};
    if (at == length) return (struct runner_list_){text, length};
    for (at = 0; at < length; at += step ? step : 1) {
        step = runner_utf8_(bytes + at, length - at);
        runner_put(&clean, step ? (const void *)(bytes + at) : "\xef\xbf\xbd", step ? step : 3);
    }
    return (struct runner_list_){clean.data, clean.length};
}

RUNNER_WEAK_ void runner_vlog_(int level, const char *format, va_list arguments) {
    struct runner_state_ *s = &runner_state_;
    struct runner_chunk_ *chunk = s->chunk;
    const uintptr_t top = s->top;
    runner_buffer text = {0};
    runner_vputf_(&text, format, arguments);
    /* A log line needs no end. */
    while (text.length && text.data[text.length - 1] == '\n') text.length--;
    const struct runner_list_ clean = runner_clean_(text.data, text.length);
    runner_host_log_(level, clean.data, clean.length);
    runner_back_to_(chunk, top);
}

RUNNER_WEAK_ void runner_log(runner_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    runner_vlog_(level, format, arguments);
    va_end(arguments);
}

RUNNER_WEAK_ void runner_panic(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    runner_vlog_(RUNNER_ERROR, format, arguments);
    va_end(arguments);
    __builtin_trap();
}

RUNNER_WEAK_ const char *runner_vtext_(const char *before, const char *format, va_list arguments) {
    runner_buffer text = {0};
    runner_put(&text, before, strlen(before));
    runner_vputf_(&text, format, arguments);
    runner_put(&text, "", 1);
    return (const char *)text.data;
}

RUNNER_WEAK_ const char *runner_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = runner_vtext_("", format, arguments);
    va_end(arguments);
    return text;
}

RUNNER_WEAK_ const char *runner_fail_at(size_t position, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    runner_state_.failure = runner_vtext_("", format, arguments);
    va_end(arguments);
    runner_state_.failure_at = position;
    runner_state_.has_failure_at = true;
    return runner_state_.failure;
}

/* Keeps the first mistake of a call. */
__attribute__((weak, cold, format(printf, 1, 2))) void runner_mistake_(const char *format, ...) {
    if (runner_state_.mistake) return;
    va_list arguments;
    va_start(arguments, format);
    runner_state_.mistake = runner_vtext_("mistake in the plugin: ", format, arguments);
    va_end(arguments);
}

/* ---- Parameters, file, tables ---- */

static inline const runner_param *runner_declared_(const char *name) {
    const runner_param *param = runner_plugin.params;
    for (; param && param->name; param++) {
        if (strcmp(param->name, name) == 0) return param;
    }
    return NULL;
}

RUNNER_WEAK_ const runner_value *runner_next_value(const char *name, const runner_value *previous) {
    const struct runner_state_ *s = &runner_state_;
    if (name && !runner_declared_(name)) {
        runner_mistake_("its manifest has no parameter `%s`", name);
        return NULL;
    }
    const runner_value *value = previous ? previous + 1 : s->values;
    for (; value != s->values + s->values_length; value++) {
        if (!name || strcmp(value->name, name) == 0) return value;
    }
    return NULL;
}

/* The first value, if it is of one of two kinds. */
RUNNER_WEAK_ const runner_value *runner_first_(const char *name, runner_kind kind, runner_kind other,
                                               const char *what) {
    const runner_value *value = runner_next_value(name, NULL);
    if (!value || value->kind == kind || value->kind == other) return value;
    runner_mistake_("the parameter `%s` is not %s", name, what);
    return NULL;
}

RUNNER_WEAK_ bool runner_get_integer(const char *name, int64_t *value) {
    const runner_value *found = runner_first_(name, RUNNER_INTEGER, RUNNER_INTEGER, "an integer");
    if (found) *value = found->integer;
    return found != NULL;
}

RUNNER_WEAK_ bool runner_get_boolean(const char *name, bool *value) {
    const runner_value *found = runner_first_(name, RUNNER_BOOLEAN, RUNNER_BOOLEAN, "a boolean");
    if (found) *value = found->boolean;
    return found != NULL;
}

RUNNER_WEAK_ bool runner_get_bytes(const char *name, runner_bytes *value) {
    const runner_value *found = runner_first_(name, RUNNER_TEXT, RUNNER_BYTES, "a text or bytes");
    if (found) *value = found->bytes;
    return found != NULL;
}

RUNNER_WEAK_ bool runner_get_text(const char *name, const char **value) {
    const runner_value *found = runner_first_(name, RUNNER_TEXT, RUNNER_TEXT, "a text; use runner_get_bytes");
    if (!found) return false;
    char *text = (char *)runner_take_(found->bytes.length + 1, 1);
    if (found->bytes.length) memcpy(text, found->bytes.data, found->bytes.length);
    text[found->bytes.length] = 0;
    if (strlen(text) != found->bytes.length && !runner_state_.mistake) {
        runner_state_.mistake = runner_fail("the parameter `%s` must not hold a zero byte", name);
    }
    *value = text;
    return true;
}

RUNNER_WEAK_ const runner_file *runner_get_file(void) { return &runner_state_.file; }

RUNNER_WEAK_ bool runner_table_size(const char *name, uint64_t *size) {
    struct { uint8_t present; uint64_t size; } result = {0, 0};
    runner_host_table_size_(name, strlen(name), &result);
    if (result.present) *size = result.size;
    return result.present;
}

RUNNER_WEAK_ runner_bytes runner_table_read(const char *name, uint64_t offset, uint32_t length) {
    runner_bytes result = {NULL, 0};
    runner_host_table_read_(name, strlen(name), offset, length, &result);
    return result;
}

/* ---- The job ---- */

enum { RUNNER_BYTES_, RUNNER_DELIMITED_, RUNNER_QUOTED_, RUNNER_FIXED_, RUNNER_PREFIXED_, RUNNER_OVERLAPPING_, RUNNER_SEQUENTIAL_ };

static inline struct runner_framing_ *runner_framed_(runner_job *job, uint8_t tag) {
    if (job->has_framing_) runner_mistake_("the job has two framings");
    job->has_framing_ = true;
    memset(&job->framing_, 0, sizeof job->framing_);
    job->framing_.tag = tag;
    return &job->framing_;
}

RUNNER_WEAK_ void runner_job_bytes(runner_job *job) { runner_framed_(job, RUNNER_BYTES_); }
RUNNER_WEAK_ void runner_job_sequential(runner_job *job) { runner_framed_(job, RUNNER_SEQUENTIAL_); }
RUNNER_WEAK_ void runner_job_lines(runner_job *job) { runner_job_delimited(job, "\n", 1); }

RUNNER_WEAK_ void runner_job_delimited(runner_job *job, const void *delimiter, size_t length) {
    runner_framed_(job, RUNNER_DELIMITED_)->of.delimiter = runner_copy_(delimiter, length);
}

RUNNER_WEAK_ void runner_job_quoted(runner_job *job, uint8_t delimiter, uint8_t quote) {
    struct runner_framing_ *framing = runner_framed_(job, RUNNER_QUOTED_);
    framing->of.quoted.delimiter = delimiter;
    framing->of.quoted.quote = quote;
}

RUNNER_WEAK_ void runner_job_fixed(runner_job *job, uint64_t header, uint64_t size) {
    struct runner_framing_ *framing = runner_framed_(job, RUNNER_FIXED_);
    framing->of.fixed.header = header;
    framing->of.fixed.size = size;
}

RUNNER_WEAK_ void runner_job_length_prefixed(runner_job *job, uint64_t header, uint32_t offset, uint8_t width,
                                             runner_order order, int64_t adjustment) {
    struct runner_framing_ *framing = runner_framed_(job, RUNNER_PREFIXED_);
    framing->of.prefixed.header = header;
    framing->of.prefixed.offset = offset;
    framing->of.prefixed.width = width;
    framing->of.prefixed.order = (uint8_t)order;
    framing->of.prefixed.adjustment = adjustment;
}

RUNNER_WEAK_ void runner_job_check(runner_job *job, uint32_t offset, uint8_t width, runner_order order,
                                   uint64_t min, uint64_t max) {
    struct check { uint32_t offset; uint8_t width, order; uint64_t min, max; };
    if (job->framing_.tag != RUNNER_PREFIXED_) {
        runner_mistake_("runner_job_check without runner_job_length_prefixed before it");
        return;
    }
    struct check *check = (struct check *)runner_push_(&job->framing_.of.prefixed.checks, sizeof *check, 8);
    check->offset = offset;
    check->width = width;
    check->order = (uint8_t)order;
    check->min = min;
    check->max = max;
}

RUNNER_WEAK_ void runner_job_overlapping(runner_job *job, uint32_t before, uint32_t after) {
    struct runner_framing_ *framing = runner_framed_(job, RUNNER_OVERLAPPING_);
    framing->of.overlapping.before = before;
    framing->of.overlapping.after = after;
}

static inline unsigned runner_prefilter_(runner_job *job, uint8_t tag, struct runner_list_ list, bool any_case) {
    /* As the contract lays it out: literals (0) or a regular expression (1). */
    struct wire { uint32_t id, tag; struct runner_list_ list; uint32_t any_case; };
    const size_t id = job->prefilters_.length;
    struct wire *wire = (struct wire *)runner_push_(&job->prefilters_, sizeof *wire, 4);
    wire->id = id > 255 ? 255 : (uint32_t)id; /* too many are refused by the host */
    wire->tag = tag;
    wire->list = list;
    wire->any_case = any_case;
    return wire->id;
}

RUNNER_WEAK_ unsigned runner_job_byte_literals(runner_job *job, const runner_bytes *literals, size_t count,
                                               bool any_case) {
    struct runner_list_ *copies = (struct runner_list_ *)runner_take_(count * sizeof *copies, 4);
    for (size_t i = 0; i < count; i++) copies[i] = runner_copy_(literals[i].data, literals[i].length);
    return runner_prefilter_(job, 0, (struct runner_list_){copies, count}, any_case);
}

RUNNER_WEAK_ unsigned runner_job_texts_(runner_job *job, bool any_case, const char *const *texts) {
    struct runner_list_ copies = {0};
    for (; *texts; texts++) {
        *(struct runner_list_ *)runner_push_(&copies, sizeof copies, 4) = runner_copy_(*texts, strlen(*texts));
    }
    return runner_prefilter_(job, 0, copies, any_case);
}

RUNNER_WEAK_ unsigned runner_job_regex(runner_job *job, const char *expression) {
    return runner_prefilter_(job, 1, runner_copy_(expression, strlen(expression)), false);
}

RUNNER_WEAK_ size_t runner_job_count(runner_job *job, const char *name) {
    *(struct runner_list_ *)runner_push_(&job->counts_, sizeof job->counts_, 4) = runner_copy_(name, strlen(name));
    return job->counts_.length - 1;
}

RUNNER_WEAK_ void runner_job_fields_(runner_job *job, uint8_t delimiter, const uint32_t *fields, size_t count) {
    job->has_projection_ = true;
    job->projection_delimiter_ = delimiter;
    job->projection_ = runner_copy_(fields, count * sizeof *fields);
    job->projection_.length = count;
}

RUNNER_WEAK_ void runner_job_ranges(runner_job *job, const runner_range *ranges, size_t count) {
    job->has_ranges_ = true;
    job->ranges_ = runner_copy_(ranges, count * sizeof *ranges);
    job->ranges_.length = count;
}

/* ---- Records ---- */

static inline size_t runner_find(const void *bytes, size_t length, const void *needle, size_t needle_length) {
    const uint8_t *b = (const uint8_t *)bytes, *n = (const uint8_t *)needle;
    if (needle_length == 0) return 0;
    if (needle_length > length) return RUNNER_NONE;
    const size_t places = length - needle_length + 1, tail = needle_length - 1;
    size_t at = 0;
#ifdef __wasm_simd128__
    const v128_t head = wasm_u8x16_splat(n[0]), foot = wasm_u8x16_splat(n[tail]);
    for (; at + 16 <= places; at += 16) {
        const v128_t heads = wasm_i8x16_eq(head, wasm_v128_load(b + at));
        const v128_t both = tail ? wasm_v128_and(heads, wasm_i8x16_eq(foot, wasm_v128_load(b + at + tail))) : heads;
        if (!wasm_v128_any_true(both)) continue;
        for (uint32_t bits = wasm_i8x16_bitmask(both); bits; bits &= bits - 1) {
            const size_t found = at + (size_t)__builtin_ctz(bits);
            if (tail < 2 || memcmp(b + found + 1, n + 1, tail - 1) == 0) return found;
        }
    }
#endif
    for (; at < places; at++) {
        if (b[at] == n[0] && (!tail || memcmp(b + at + 1, n + 1, tail) == 0)) return at;
    }
    return RUNNER_NONE;
}

static inline uint64_t runner_number(const uint8_t *bytes, size_t width, runner_order order) {
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++) number = number << 8 | bytes[order == RUNNER_BIG ? i : width - 1 - i];
    return number;
}

/* Makes `record` the bytes from the end of the previous one up to `end`. */
static inline bool runner_record_(const runner_window *window, size_t end, runner_record *record) {
    record->start = record->next_;
    record->bytes = window->bytes + record->start;
    record->length = end - record->start;
    record->next_ = record->full_end = end;
    record->ids = 0;
    size_t match = record->match_;
    while (match < window->matches_length && window->matches[match].start < record->start) match++;
    if (match < window->matches_length && window->matches[match].start == record->start) {
        record->ids = window->matches[match].ids;
    }
    record->match_ = match;
    return true;
}

static inline bool runner_next_delimited(const runner_window *window, const void *delimiter, size_t length,
                                         runner_record *record) {
    const size_t start = record->next_;
    if (start >= window->length || length == 0) return false;
    /* An occurrence may begin in the previous record, if it ends in this one. */
    const size_t from = start + 1 > length ? start + 1 - length : 0;
    const size_t found = runner_find(window->bytes + from, window->length - from, delimiter, length);
    return runner_record_(window, found == RUNNER_NONE ? window->length : from + found + length, record);
}

static inline bool runner_next_line(const runner_window *window, runner_record *line) {
    if (!runner_next_delimited(window, "\n", 1, line)) return false;
    if (line->bytes[line->length - 1] == '\n') line->length--;
    return true;
}

static inline bool runner_next_quoted(const runner_window *window, uint8_t delimiter, uint8_t quote,
                                      runner_record *record) {
    size_t at = record->next_;
    if (at >= window->length) return false;
    for (bool inside = false; at < window->length; at++) {
        if (window->bytes[at] == quote) inside = !inside;
        else if (window->bytes[at] == delimiter && !inside) return runner_record_(window, at + 1, record);
    }
    return runner_record_(window, at, record);
}

static inline bool runner_next_fixed(const runner_window *window, size_t size, runner_record *record) {
    const size_t left = window->length - record->next_;
    if (left == 0) return false;
    if (size == 0) size = 1;
    return runner_record_(window, record->next_ + (size < left ? size : left), record);
}

static inline bool runner_next_length_prefixed(const runner_window *window, uint32_t offset, uint8_t width,
                                               runner_order order, int64_t adjustment, runner_record *record) {
    const uint64_t left = window->length - record->next_, head = (uint64_t)offset + width;
    if (left == 0) return false;
    uint64_t length = left;
    if (head <= left) {
        const uint64_t field = runner_number(window->bytes + record->next_ + offset, width, order);
        const __int128 total = (__int128)field + adjustment + (__int128)head;
        if (total >= (__int128)(head ? head : 1) && total <= (__int128)left) length = (uint64_t)total;
    }
    return runner_record_(window, record->next_ + (size_t)length, record);
}

static inline bool runner_next_field(const runner_window *window, runner_record *field) {
    const size_t index = field->next_;
    if (index >= window->fields_length) return false;
    const size_t next = index + 1 < window->fields_length ? window->fields[index + 1].start : window->length;
    field->start = window->fields[index].start;
    field->field = window->fields[index].field;
    field->bytes = window->bytes + field->start;
    field->length = next > field->start ? next - 1 - field->start : 0;
    field->full_end = field->start + field->length;
    field->ids = 0;
    field->next_ = index + 1;
    return true;
}

/* ---- Edits ---- */

/* What is wrong with an edit. */
__attribute__((weak, cold)) void runner_bad_edit_(size_t start, size_t end) {
    const struct runner_state_ *s = &runner_state_;
    const runner_window *w = s->window;
    if (!w) runner_mistake_("an edit outside of runner_transform");
    else if (start > end || end > w->length) runner_mistake_("an edit of %zu..%zu in a window of %zu bytes", start, end, w->length);
    else if (s->spans_length && (start < s->spans[s->spans_length - 1].end ||
                                 (start == end && start == s->spans[s->spans_length - 1].start))) {
        const struct runner_span_ *before = &s->spans[s->spans_length - 1];
        runner_mistake_("an edit of %zu..%zu after one of %zu..%zu", start, end, (size_t)before->start, (size_t)before->end);
    } else {
        runner_mistake_("an edit of %zu..%zu starts outside the owned range %zu..%zu", start, end, w->owned_start, w->owned_end);
    }
}

/* More room for spans and bytes. What an earlier window needed is taken at once. */
__attribute__((weak, cold)) void runner_more_spans_(void) {
    struct runner_state_ *s = &runner_state_;
    const size_t size = sizeof(struct runner_span_);
    if (s->spans) {
        s->spans = (struct runner_span_ *)runner_retake_(s->spans, s->spans_capacity * size, s->spans_capacity * 2 * size, 4);
        s->spans_capacity *= 2;
    } else {
        if (!s->spans_capacity) s->spans_capacity = 64;
        s->spans = (struct runner_span_ *)runner_take_(s->spans_capacity * size, 4);
    }
}

__attribute__((weak, cold)) void runner_more_bytes_(size_t length) {
    struct runner_state_ *s = &runner_state_;
    const size_t need = s->bytes_length + length;
    size_t capacity = s->bytes ? s->bytes_capacity * 2 : s->bytes_capacity ? s->bytes_capacity : 1024;
    if (capacity < need) capacity = need;
    s->bytes = (uint8_t *)runner_retake_(s->bytes, s->bytes ? s->bytes_capacity : 0, capacity, 16);
    s->bytes_capacity = capacity;
}

static inline uint8_t *runner_replace_room(size_t start, size_t end, size_t length) {
    struct runner_state_ *s = &runner_state_;
    const runner_window *w = s->window;
    bool good = w && start <= end && end <= w->length &&
                ((start >= w->owned_start && start < w->owned_end) ||
                 (w->last && start == w->length && start == w->owned_end));
    if (good && s->spans_length) {
        const struct runner_span_ *before = &s->spans[s->spans_length - 1];
        good = start >= before->end && !(start == end && start == before->start);
    }
    if (!good) runner_bad_edit_(start, end);
    if (!s->spans || s->spans_length == s->spans_capacity) runner_more_spans_();
    if (!s->bytes || length > s->bytes_capacity - s->bytes_length) runner_more_bytes_(length);
    uint8_t *room = s->bytes + s->bytes_length;
    if (good) {
        struct runner_span_ *span = &s->spans[s->spans_length++];
        span->start = (uint32_t)start;
        span->end = (uint32_t)end;
        span->length = (uint32_t)length;
        s->bytes_length += length;
    }
    return room;
}

static inline void runner_replace(size_t start, size_t end, const void *bytes, size_t length) {
    uint8_t *room = runner_replace_room(start, end, length);
    if (length) memcpy(room, bytes, length);
}

static inline void runner_insert(size_t at, const void *bytes, size_t length) { runner_replace(at, at, bytes, length); }
static inline void runner_delete(size_t start, size_t end) { runner_replace_room(start, end, 0); }

RUNNER_WEAK_ void runner_replace_all(const void *bytes, size_t length) {
    if (runner_state_.replaced) runner_mistake_("the window was replaced twice");
    runner_state_.replaced = true;
    runner_state_.replacement = runner_copy_(bytes, length);
}

RUNNER_WEAK_ void runner_count(size_t index, uint64_t number) {
    struct runner_state_ *s = &runner_state_;
    if (index >= RUNNER_MAX_COUNTS_) {
        runner_mistake_("count %zu is not one of the %d possible", index, RUNNER_MAX_COUNTS_);
        return;
    }
    while (s->counts_length <= index) s->counts[s->counts_length++] = 0;
    s->counts[index] += number;
}

RUNNER_WEAK_ void runner_consumed(uint64_t bytes) { runner_state_.consumed = bytes; }

/* ---- The exports ---- */

RUNNER_EXPORT_("cabi_realloc") void *runner_realloc_(void *old, size_t old_size, size_t align, size_t size) {
    runner_start_();
    return runner_retake_(old, old_size, size, align);
}

static inline void runner_call_(void) {
    struct runner_state_ *s = &runner_state_;
    runner_start_();
    s->mistake = s->failure = NULL;
    s->has_failure_at = false;
}

/* The host has read the answer. */
RUNNER_EXPORT_("cabi_post_" RUNNER_GUEST_ "describe") void runner_post_describe_(void *answer) {
    (void)answer;
    runner_back_to_(runner_state_.mark_chunk, runner_state_.mark_top);
}
RUNNER_EXPORT_("cabi_post_" RUNNER_GUEST_ "begin") void runner_post_begin_(void *answer) {
    if (!*(uint8_t *)answer) runner_keep_();
    runner_back_to_(runner_state_.mark_chunk, runner_state_.mark_top);
}
RUNNER_EXPORT_("cabi_post_" RUNNER_GUEST_ "transform") void runner_post_transform_(void *answer) {
    (void)answer;
    runner_back_to_(runner_state_.mark_chunk, runner_state_.mark_top);
}

/* The layouts of the contract. */
struct runner_wire_option_text_ { uint32_t present; struct runner_list_ text; };
struct runner_wire_param_ {
    struct runner_list_ name;
    uint8_t kind, use;
    struct runner_wire_option_text_ default_value;
    struct runner_list_ doc, choices;
};
struct runner_wire_table_ { struct runner_list_ name; uint32_t required; struct runner_list_ doc; };
struct runner_wire_manifest_ { struct runner_list_ name, version, summary, license, params, tables; uint32_t seed; };
struct runner_wire_value_ {
    struct runner_list_ name;
    uint8_t tag;
    union { struct runner_list_ bytes; int64_t integer; uint8_t boolean; } of;
};
struct runner_wire_failure_ { struct runner_list_ message; uint32_t has_position, position; };
struct runner_wire_job_ {
    struct runner_framing_ framing;
    struct runner_list_ prefilters;
    uint8_t show_all, claims, show_empty;
    struct runner_list_ counts;
    uint32_t has_projection, projection_delimiter;
    struct runner_list_ projection;
    uint32_t has_ranges;
    struct runner_list_ ranges;
};
struct runner_wire_reply_ {
    uint64_t consumed;
    uint32_t change; /* 0 unchanged, 1 edits, 2 replaced */
    struct runner_list_ spans, bytes, counts;
};
struct runner_wire_answer_ {
    uint64_t is_failure;
    union { struct runner_wire_job_ job; struct runner_wire_reply_ reply; struct runner_wire_failure_ failure; } of;
};
#ifdef __cplusplus
#define RUNNER_CHECK_(what) static_assert(what, "the layout of the contract")
#else
#define RUNNER_CHECK_(what) _Static_assert(what, "the layout of the contract")
#endif
RUNNER_CHECK_(sizeof(struct runner_wire_param_) == 40 && sizeof(struct runner_wire_table_) == 20);
RUNNER_CHECK_(sizeof(struct runner_wire_manifest_) == 52 && sizeof(struct runner_wire_value_) == 24);
RUNNER_CHECK_(sizeof(struct runner_framing_) == 40 && offsetof(struct runner_framing_, of.prefixed.checks) == 32);
RUNNER_CHECK_(sizeof(struct runner_wire_job_) == 88 && offsetof(struct runner_wire_job_, has_ranges) == 76);
RUNNER_CHECK_(sizeof(struct runner_wire_reply_) == 40 && sizeof(struct runner_match) == 16);
RUNNER_CHECK_(sizeof(struct runner_wire_answer_) == 96);

RUNNER_EXPORT_(RUNNER_GUEST_ "describe") void *runner_describe_(void) {
    runner_call_();
    const runner_manifest *from = &runner_plugin;
    struct runner_wire_manifest_ *to = (struct runner_wire_manifest_ *)runner_take_(sizeof *to, 8);
    memset(to, 0, sizeof *to);
    to->name = runner_text_(from->name);
    to->version = runner_text_(from->version);
    to->summary = runner_text_(from->summary);
    to->license = runner_text_(from->license);
    to->seed = from->seed;
    for (const runner_param *param = from->params; param && param->name; param++) {
        struct runner_wire_param_ *wire = (struct runner_wire_param_ *)runner_push_(&to->params, sizeof *wire, 4);
        memset(wire, 0, sizeof *wire);
        wire->name = runner_text_(param->name);
        /* The contract's order: text, integer, boolean, secret, bytes, choice. */
        wire->kind = (uint8_t)param->kind;
        wire->use = (uint8_t)(param->required | param->repeats << 1 | param->from_file << 2);
        wire->default_value.present = param->default_value != NULL;
        wire->default_value.text = runner_text_(param->default_value);
        wire->doc = runner_text_(param->doc);
        for (const char *const *choice = param->choices; choice && *choice; choice++) {
            /* Another list may have been the last block: each grows on its own. */
            *(struct runner_list_ *)runner_push_(&wire->choices, sizeof wire->choices, 4) = runner_text_(*choice);
        }
    }
    for (const runner_table *table = from->tables; table && table->name; table++) {
        struct runner_wire_table_ *wire = (struct runner_wire_table_ *)runner_push_(&to->tables, sizeof *wire, 4);
        wire->name = runner_text_(table->name);
        wire->required = table->required;
        wire->doc = runner_text_(table->doc);
    }
    return to;
}

/* The failure, if there is one: the message of the plugin, or else the first mistake. */
RUNNER_WEAK_ bool runner_failed_(const char *message, struct runner_wire_answer_ *answer) {
    struct runner_state_ *s = &runner_state_;
    memset(answer, 0, sizeof *answer);
    if (!message) message = s->mistake;
    if (!message) return false;
    answer->is_failure = 1;
    /* A copy, for it may stand on the stack of the function that returned it. */
    const struct runner_list_ text = runner_copy_(message, strlen(message));
    answer->of.failure.message = runner_clean_(text.data, text.length);
    answer->of.failure.has_position = s->has_failure_at && message == s->failure;
    answer->of.failure.position = (uint32_t)s->failure_at;
    return true;
}

RUNNER_EXPORT_(RUNNER_GUEST_ "begin")
void *runner_begin_(const struct runner_wire_value_ *params, size_t length, uint32_t has_size, uint64_t size,
                    const uint8_t *head, size_t head_length, uint32_t has_seed, uint64_t seed) {
    struct runner_state_ *s = &runner_state_;
    runner_call_();
    s->window = NULL;
    runner_value *values = (runner_value *)runner_take_(length * sizeof *values, 8);
    for (size_t i = 0; i < length; i++) {
        static const uint8_t kinds[4] = {RUNNER_TEXT, RUNNER_BYTES, RUNNER_INTEGER, RUNNER_BOOLEAN};
        const struct runner_list_ name = params[i].name;
        runner_value *value = &values[i];
        memset(value, 0, sizeof *value);
        for (const runner_param *param = runner_plugin.params; param && param->name; param++) {
            if (strlen(param->name) == name.length && memcmp(param->name, name.data, name.length) == 0) value->name = param->name;
        }
        if (!value->name) value->name = "";
        value->kind = (runner_kind)kinds[params[i].tag & 3];
        if (value->kind == RUNNER_INTEGER) value->integer = params[i].of.integer;
        else if (value->kind == RUNNER_BOOLEAN) value->boolean = params[i].of.boolean;
        else value->bytes = (runner_bytes){(const uint8_t *)params[i].of.bytes.data, params[i].of.bytes.length};
    }
    s->values = values;
    s->values_length = length;
    s->file = (runner_file){has_size != 0, size, {head, head_length}, has_seed != 0, seed};

    runner_job *job = (runner_job *)runner_take_(sizeof *job, 8);
    memset(job, 0, sizeof *job);
    const char *message = runner_begin(job);
    if (!message && !job->has_framing_) runner_mistake_("the job has no framing (call runner_job_lines or another one)");
    struct runner_wire_answer_ *answer = (struct runner_wire_answer_ *)runner_take_(sizeof *answer, 8);
    if (runner_failed_(message, answer)) return answer;
    s->begun = true;
    struct runner_wire_job_ *to = &answer->of.job;
    to->framing = job->framing_;
    to->prefilters = job->prefilters_;
    to->show_all = job->show_all;
    to->claims = (uint8_t)(job->text | job->length_preserving << 1 | job->idempotent << 2 | job->deterministic << 3);
    to->show_empty = job->show_empty;
    to->counts = job->counts_;
    to->has_projection = job->has_projection_;
    to->projection_delimiter = job->projection_delimiter_;
    to->projection = job->projection_;
    to->has_ranges = job->has_ranges_;
    to->ranges = job->ranges_;
    return answer;
}

RUNNER_EXPORT_(RUNNER_GUEST_ "transform")
void *runner_transform_(uint64_t offset, const uint8_t *bytes, size_t length, uint32_t owned_start, uint32_t owned_end,
                        uint32_t last, uint32_t first, const runner_match *matches, size_t matches_length,
                        const runner_shown_field *fields, size_t fields_length) {
    struct runner_state_ *s = &runner_state_;
    runner_call_();
    const runner_window window = {offset, bytes, length, owned_start, owned_end, last != 0, first != 0,
                                  matches, matches_length, fields, fields_length};
    s->window = &window;
    s->spans = NULL;
    s->bytes = NULL;
    s->spans_length = s->bytes_length = s->counts_length = 0;
    s->replaced = false;
    s->consumed = length;
    const char *message = s->begun ? runner_transform(&window) : "the host called `transform` before `begin`";
    s->window = NULL;
    if (!message && s->replaced && s->spans_length) runner_mistake_("a window was both edited and replaced");
    struct runner_wire_answer_ *answer = (struct runner_wire_answer_ *)runner_take_(sizeof *answer, 8);
    if (runner_failed_(message, answer)) return answer;
    struct runner_wire_reply_ *to = &answer->of.reply;
    to->consumed = s->consumed;
    to->change = s->replaced ? 2 : s->spans_length ? 1 : 0;
    to->spans = s->replaced ? s->replacement : (struct runner_list_){s->spans, s->spans_length};
    to->bytes = (struct runner_list_){s->bytes, s->bytes_length};
    struct count { uint64_t name, number; };
    for (size_t i = 0; i < s->counts_length; i++) {
        if (!s->counts[i]) continue;
        struct count *count = (struct count *)runner_push_(&to->counts, sizeof *count, 8);
        count->name = i;
        count->number = s->counts[i];
    }
    return answer;
}

#ifdef __cplusplus
}
#endif
#endif
