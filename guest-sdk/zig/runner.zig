//! Write plugins for `runner` in Zig.
//!
//! A plugin is one source file that is a struct:
//!
//!     const runner = @import("runner");
//!     pub const manifest: runner.Manifest = .{ ... };
//!     pub fn begin(params: runner.Params(manifest), file: runner.File, job: *runner.Job) !@This() { ... }
//!     pub fn transform(self: *@This(), window: runner.Window, edits: *runner.Edits) !void { ... }
//!
//! README.md lists everything. Memory of `runner.allocator` is free again when
//! the call is over; what was taken in `begin` stays. All offsets and lengths
//! are in bytes. The contract is version 0.2.0.

const std = @import("std");

// ---- What a plugin says of itself ----

/// What the values of a parameter look like. The host checks and converts.
/// `bytes` is text with escapes such as `\n` and `\xff`; a `choice` is one of
/// `choices`; a `secret` is a text that is neither shown nor stored.
pub const Kind = enum(u8) { text, integer, boolean, secret, bytes, choice };

/// A parameter, as in `--set NAME=VALUE`.
pub const Param = struct {
    name: []const u8,
    kind: Kind,
    /// One line for the reader of `runner plugin inspect`.
    doc: []const u8 = "",
    /// The run is refused without it.
    required: bool = false,
    /// May be given several times; see `Params.all`.
    repeats: bool = false,
    /// `@PATH` stands for the content of a file.
    from_file: bool = false,
    /// As on the command line.
    default: ?[]const u8 = null,
    choices: []const []const u8 = &.{},
};

/// A read-only table, as in `--table NAME=FILE`.
pub const TableSpec = struct { name: []const u8, doc: []const u8 = "", required: bool = false };

/// The manifest: `pub const manifest` of the plugin.
pub const Manifest = struct {
    /// Lower-case letters, digits and hyphens.
    name: []const u8,
    /// As in semantic versioning.
    version: []const u8,
    /// One line.
    summary: []const u8,
    /// An SPDX expression.
    license: []const u8,
    params: []const Param = &.{},
    tables: []const TableSpec = &.{},
    /// Takes `--seed N`.
    seed: bool = false,
};

// ---- Parameters and the file ----

/// A value of a parameter: `text` for texts, secrets and choices.
pub const Value = struct {
    name: []const u8,
    data: union(enum) { text: []const u8, bytes: []const u8, integer: i64, boolean: bool },
};

/// The parameters of a manifest. Names and kinds are checked when the plugin is
/// compiled. A parameter that is required or has a default has a value; any
/// other may be null. If it repeats, it is the first value.
pub fn Params(comptime manifest: Manifest) type {
    return struct {
        /// All values, in the order in which they were given.
        values: []const Value,

        const Self = @This();

        fn spec(comptime name: []const u8) Param {
            for (manifest.params) |param| {
                if (std.mem.eql(u8, param.name, name)) return param;
            }
            @compileError("the manifest has no parameter `" ++ name ++ "`");
        }

        fn Maybe(comptime name: []const u8, comptime T: type) type {
            const param = spec(name);
            return if (param.required or param.default != null) T else ?T;
        }

        fn first(self: Self, comptime name: []const u8, comptime kinds: []const Kind, comptime T: type) Maybe(name, T) {
            const kind = comptime spec(name).kind;
            comptime if (std.mem.findScalar(Kind, kinds, kind) == null)
                @compileError("the parameter `" ++ name ++ "` is of the kind " ++ @tagName(kind));
            var values = self.all(name);
            const value = values.next() orelse
                return if (Maybe(name, T) == T) @panic("the host gave no `" ++ name ++ "`") else null;
            return switch (T) {
                i64 => value.data.integer,
                bool => value.data.boolean,
                else => switch (value.data) {
                    .text, .bytes => |bytes| bytes,
                    else => @panic("the host gave another kind for `" ++ name ++ "`"),
                },
            };
        }

        pub fn integer(self: Self, comptime name: []const u8) Maybe(name, i64) {
            return self.first(name, &.{.integer}, i64);
        }
        pub fn boolean(self: Self, comptime name: []const u8) Maybe(name, bool) {
            return self.first(name, &.{.boolean}, bool);
        }
        /// A text, secret or choice, or bytes.
        pub fn text(self: Self, comptime name: []const u8) Maybe(name, []const u8) {
            return self.first(name, &.{ .text, .secret, .choice, .bytes }, []const u8);
        }
        /// All values of a parameter: `var words = params.all("word"); while (words.next()) |word| ...`
        pub fn all(self: Self, comptime name: []const u8) Values {
            _ = comptime spec(name);
            return .{ .left = self.values, .name = name };
        }
    };
}

/// See `Params.all`.
pub const Values = struct {
    left: []const Value,
    name: []const u8,

    pub fn next(self: *Values) ?Value {
        while (self.left.len > 0) {
            const value = self.left[0];
            self.left = self.left[1..];
            if (std.mem.eql(u8, value.name, self.name)) return value;
        }
        return null;
    }
};

/// What is known of the file.
pub const File = struct {
    /// Null for a stream.
    size: ?u64,
    /// The first 64 KiB, or the whole of a shorter file.
    head: []const u8,
    /// Whether the user gave `--seed N`.
    seed: ?u64,
};

// ---- The job ----

/// How the bytes of a number are ordered.
pub const Order = enum(u8) { little, big };

/// A field that lies between `min` and `max` in every record.
pub const FieldCheck = extern struct { offset: u32, width: u8, order: Order, min: u64, max: u64 };

/// A range of bytes `[start, end)` of the file.
pub const Range = extern struct { start: u64, end: u64 };

/// Where records end. A window holds whole records.
pub const Framing = union(enum) {
    /// Any cut, without context.
    bytes,
    lines,
    delimited: []const u8,
    /// As CSV: a delimiter inside quotes ends nothing.
    quoted: struct { delimiter: u8 = '\n', quote: u8 = '"' },
    /// `header` bytes at the start of the file belong to no record.
    fixed: struct { header: u64 = 0, size: u64 },
    /// Records of offset + width + field + adjustment bytes.
    length_prefixed: struct {
        header: u64 = 0,
        offset: u32,
        width: u8,
        order: Order,
        adjustment: i64 = 0,
        checks: []const FieldCheck = &.{},
    },
    /// Any cut, with context on both sides.
    overlapping: struct { before: u32, after: u32 },
    /// One instance sees the file in order; see `Edits.consumed`.
    sequential,
};

/// What a plugin promises: see the contract.
pub const Claims = packed struct(u8) {
    text: bool = false,
    length_preserving: bool = false,
    idempotent: bool = false,
    deterministic: bool = false,
    _: u4 = 0,
};

/// What the plugin asks for. Call `frame`, and what else is needed. Everything
/// is copied.
pub const Job = struct {
    claims: Claims = .{},
    /// Show records that match no prefilter as well.
    show_all: bool = false,
    /// Show an empty file as one empty window.
    show_empty: bool = false,
    // Not for use:
    framing: ?wire.Framing = null,
    prefilters: std.ArrayList(wire.Prefilter) = .empty,
    counts: std.ArrayList(wire.List) = .empty,
    projection: wire.Projection = .{},
    ranges_list: ?wire.List = null,

    /// Where records end.
    pub fn frame(job: *Job, framing: Framing) void {
        if (job.framing != null) mistake("the job has two framings", .{});
        job.framing = switch (framing) {
            .bytes => .{ .tag = 0 },
            .lines => .{ .tag = 1, .of = .{ .delimiter = .copy(u8, "\n") } },
            .delimited => |delimiter| .{ .tag = 1, .of = .{ .delimiter = .copy(u8, delimiter) } },
            .quoted => |quoted| .{ .tag = 2, .of = .{ .quoted = .{ .delimiter = quoted.delimiter, .quote = quoted.quote } } },
            .fixed => |fixed| .{ .tag = 3, .of = .{ .fixed = .{ .header = fixed.header, .size = fixed.size } } },
            .length_prefixed => |prefixed| .{ .tag = 4, .of = .{ .prefixed = .{
                .header = prefixed.header,
                .offset = prefixed.offset,
                .width = prefixed.width,
                .order = prefixed.order,
                .adjustment = prefixed.adjustment,
                .checks = .copy(FieldCheck, prefixed.checks),
            } } },
            .overlapping => |both| .{ .tag = 5, .of = .{ .overlapping = .{ .before = both.before, .after = both.after } } },
            .sequential => .{ .tag = 6 },
        };
    }

    /// Adds a prefilter: only records with one of these texts are shown.
    /// Returns its id: 0, 1, ...
    pub fn literals(job: *Job, texts: []const []const u8) u8 {
        return job.prefilter(0, .copyTexts(texts), false);
    }
    pub fn literalsAnyCase(job: *Job, texts: []const []const u8) u8 {
        return job.prefilter(0, .copyTexts(texts), true);
    }
    /// The same for a regular expression.
    pub fn regex(job: *Job, expression: []const u8) u8 {
        return job.prefilter(1, .copy(u8, expression), false);
    }
    fn prefilter(job: *Job, tag: u8, list: wire.List, any_case: bool) u8 {
        const id: u8 = @intCast(@min(job.prefilters.items.len, 255)); // too many are refused by the host
        job.prefilters.append(allocator, .{ .id = id, .tag = tag, .list = list, .any_case = any_case }) catch outOfMemory();
        return id;
    }

    /// Adds a name of what the plugin counts. Returns its index, for `Edits.count`.
    pub fn count(job: *Job, name: []const u8) usize {
        job.counts.append(allocator, .copy(u8, name)) catch outOfMemory();
        return job.counts.items.len - 1;
    }
    /// With lines or a quoted framing: only these fields, counted from 0.
    pub fn project(job: *Job, delimiter: u8, fields: []const u32) void {
        job.projection = .{ .present = true, .delimiter = delimiter, .fields = .copy(u32, fields) };
    }
    /// With the framing `bytes`: only these ranges of the file.
    pub fn ranges(job: *Job, list: []const Range) void {
        job.ranges_list = .copy(Range, list);
    }
};

// ---- The window ----

/// A record that matches prefilters: bit `n` of `ids` for the id `n`.
pub const Match = extern struct { start: u32, ids: u64 };
/// A field that a projection shows.
pub const ShownField = extern struct { start: u32, field: u32 };

/// A record or field of a window.
pub const Record = struct {
    /// The position in the window.
    start: usize,
    bytes: []const u8,
    /// Bit `n`: the prefilter `n` matches.
    ids: u64 = 0,
    /// `Window.shownFields`: which field of its record.
    field: u32 = 0,
    /// Where it ends, with what ends it: the `\n` of a line.
    full_end: usize,

    pub fn end(self: Record) usize {
        return self.start + self.bytes.len;
    }
};

/// A part of the file. All positions are positions in `bytes`.
pub const Window = struct {
    /// The file offset of the first byte.
    offset: u64,
    bytes: []const u8,
    /// Where edits may start.
    owned_start: usize,
    owned_end: usize,
    /// At the end, at the start of the file.
    last: bool,
    first: bool,
    matches: []const Match,
    fields: []const ShownField,

    // The records: `var lines = window.lines(); while (lines.next()) |line| ...`
    // Call the one of the job's framing. A line comes without its \n; all other
    // records hold their delimiter.

    pub fn lines(window: Window) Records {
        return .{ .window = window, .how = .lines };
    }
    pub fn delimited(window: Window, delimiter: []const u8) Records {
        return .{ .window = window, .how = .{ .delimited = delimiter } };
    }
    pub fn quoted(window: Window, delimiter: u8, quote: u8) Records {
        return .{ .window = window, .how = .{ .quoted = .{ delimiter, quote } } };
    }
    pub fn fixed(window: Window, size: usize) Records {
        return .{ .window = window, .how = .{ .fixed = size } };
    }
    pub fn lengthPrefixed(window: Window, offset: u32, width: u8, order: Order, adjustment: i64) Records {
        return .{ .window = window, .how = .{ .length_prefixed = .{ .offset = offset, .width = width, .order = order, .adjustment = adjustment } } };
    }
    /// The fields of a projection.
    pub fn shownFields(window: Window) Fields {
        return .{ .window = window };
    }
};

/// See `Window`.
pub const Records = struct {
    window: Window,
    how: union(enum) {
        lines,
        delimited: []const u8,
        quoted: struct { u8, u8 },
        fixed: usize,
        length_prefixed: struct { offset: u32, width: u8, order: Order, adjustment: i64 },
    },
    at: usize = 0,
    match: usize = 0,

    pub fn next(self: *Records) ?Record {
        const bytes = self.window.bytes;
        const start = self.at;
        if (start >= bytes.len) return null;
        const end = self.findEnd(bytes, start);
        self.at = end;
        var record: Record = .{ .start = start, .bytes = bytes[start..end], .full_end = end };
        if (self.how == .lines and bytes[end - 1] == '\n') record.bytes = bytes[start .. end - 1];
        const matches = self.window.matches;
        while (self.match < matches.len and matches[self.match].start < start) self.match += 1;
        if (self.match < matches.len and matches[self.match].start == start) record.ids = matches[self.match].ids;
        return record;
    }

    fn findEnd(self: *const Records, bytes: []const u8, start: usize) usize {
        switch (self.how) {
            .lines => return if (find(bytes[start..], "\n")) |found| start + found + 1 else bytes.len,
            .delimited => |delimiter| {
                // An occurrence may begin in the previous record, if it ends in this one.
                const from = (start + 1) -| delimiter.len;
                const found = find(bytes[from..], delimiter) orelse return bytes.len;
                return @max(from + found + delimiter.len, start + 1);
            },
            .quoted => |both| {
                var inside = false;
                for (bytes[start..], start..) |byte, at| {
                    if (byte == both[1]) {
                        inside = !inside;
                    } else if (byte == both[0] and !inside) return at + 1;
                }
                return bytes.len;
            },
            .fixed => |size| return start + @min(@max(size, 1), bytes.len - start),
            .length_prefixed => |how| {
                const rest = bytes[start..];
                const head = @as(usize, how.offset) + how.width;
                if (head > rest.len) return bytes.len;
                const length = @as(i128, number(rest[how.offset..head], how.order)) + how.adjustment + head;
                return if (length < @max(head, 1) or length > rest.len) bytes.len else start + @as(usize, @intCast(length));
            },
        }
    }
};

/// See `Window.shownFields`.
pub const Fields = struct {
    window: Window,
    index: usize = 0,

    pub fn next(self: *Fields) ?Record {
        const shown = self.window.fields;
        if (self.index >= shown.len) return null;
        const start = shown[self.index].start;
        const field = shown[self.index].field;
        self.index += 1;
        const limit = if (self.index < shown.len) shown[self.index].start else self.window.bytes.len;
        const end = @max(limit -| 1, start);
        return .{ .start = start, .bytes = self.window.bytes[start..end], .field = field, .full_end = end };
    }
};

/// Where `needle` begins, 16 bytes at a time.
pub fn find(bytes: []const u8, needle: []const u8) ?usize {
    if (needle.len == 0) return 0;
    if (needle.len > bytes.len) return null;
    const V = @Vector(16, u8);
    const tail = needle.len - 1;
    const places = bytes.len - tail;
    const heads: V = @splat(needle[0]);
    const feet: V = @splat(needle[tail]);
    var at: usize = 0;
    while (at + 16 <= places) : (at += 16) {
        const left: V = bytes[at..][0..16].*;
        const right: V = bytes[at + tail ..][0..16].*;
        const both = (left == heads) & (right == feet);
        if (!@reduce(.Or, both)) continue;
        var bits: u16 = @bitCast(both);
        while (bits != 0) : (bits &= bits - 1) {
            const found = at + @ctz(bits);
            if (std.mem.eql(u8, bytes[found..][0..needle.len], needle)) return found;
        }
    }
    while (at < places) : (at += 1) {
        if (std.mem.eql(u8, bytes[at..][0..needle.len], needle)) return at;
    }
    return null;
}

/// A number of 1 to 8 bytes.
pub fn number(bytes: []const u8, order: Order) u64 {
    var result: u64 = 0;
    for (0..bytes.len) |i| result = result << 8 | bytes[if (order == .big) i else bytes.len - 1 - i];
    return result;
}

// ---- Edits ----

/// The edits of a window: in order, without overlap, in its positions.
pub const Edits = struct {
    window: *const Window,
    spans: std.ArrayList(wire.Span),
    bytes: std.ArrayList(u8),
    replaced: ?[]const u8 = null,
    consumed_bytes: u64,
    counts: [max_counts]u64 = @splat(0),
    counts_used: usize = 0,

    const max_counts = 256;

    pub fn replace(edits: *Edits, start: usize, end: usize, new: []const u8) void {
        @memcpy(edits.replaceRoom(start, end, new.len), new);
    }
    pub fn insert(edits: *Edits, at: usize, new: []const u8) void {
        edits.replace(at, at, new);
    }
    pub fn delete(edits: *Edits, start: usize, end: usize) void {
        _ = edits.replaceRoom(start, end, 0);
    }
    /// Replaces by formatted text.
    pub fn print(edits: *Edits, start: usize, end: usize, comptime format: []const u8, args: anytype) void {
        edits.replace(start, end, text(format, args));
    }
    /// The same as `replace`, with room to fill in before the next call.
    pub fn replaceRoom(edits: *Edits, start: usize, end: usize, length: usize) []u8 {
        const w = edits.window;
        const good = start <= end and end <= w.bytes.len and
            ((start >= w.owned_start and start < w.owned_end) or
                (w.last and start == w.bytes.len and start == w.owned_end)) and
            edits.comesAfter(start, end);
        const room = edits.bytes.addManyAsSlice(allocator, length) catch outOfMemory();
        if (good) {
            edits.spans.append(allocator, .{ .start = @intCast(start), .end = @intCast(end), .len = @intCast(length) }) catch outOfMemory();
        } else {
            edits.bad(start, end);
        }
        return room;
    }
    /// Replaces the whole window; the host finds the difference.
    pub fn replaceAll(edits: *Edits, new: []const u8) void {
        if (edits.replaced != null) mistake("the window was replaced twice", .{});
        edits.replaced = allocator.dupe(u8, new) catch outOfMemory();
    }
    /// Adds to a count of the job.
    pub fn count(edits: *Edits, index: usize, more: u64) void {
        if (index >= max_counts) return mistake("count {d} is not one of the {d} possible", .{ index, max_counts });
        edits.counts_used = @max(edits.counts_used, index + 1);
        edits.counts[index] += more;
    }
    /// With the framing `sequential`: how much was dealt with, if not all. The greatest number skips all of the rest.
    pub fn consumed(edits: *Edits, bytes: u64) void {
        edits.consumed_bytes = bytes;
    }

    fn comesAfter(edits: *const Edits, start: usize, end: usize) bool {
        const before = edits.spans.getLastOrNull() orelse return true;
        return start >= before.end and !(start == end and start == before.start);
    }
    fn bad(edits: *const Edits, start: usize, end: usize) void {
        @branchHint(.cold);
        const w = edits.window;
        if (start > end or end > w.bytes.len)
            return mistake("an edit of {d}..{d} in a window of {d} bytes", .{ start, end, w.bytes.len });
        if (!edits.comesAfter(start, end)) {
            const before = edits.spans.getLast();
            return mistake("an edit of {d}..{d} after one of {d}..{d}", .{ start, end, before.start, before.end });
        }
        mistake("an edit of {d}..{d} starts outside the owned range {d}..{d}", .{ start, end, w.owned_start, w.owned_end });
    }
};

// ---- Failures, log, tables ----

/// A failure with a message for the user: `return runner.fail("bad {s}", .{what});`
pub fn fail(comptime format: []const u8, args: anytype) error{Failure} {
    state.failure = .{ .message = text(format, args), .position = null };
    return error.Failure;
}

/// The same at a byte of the window (in `begin`: of the head); the host says at
/// which line and offset of the file that is.
pub fn failAt(position: usize, comptime format: []const u8, args: anytype) error{Failure} {
    state.failure = .{ .message = text(format, args), .position = @intCast(position) };
    return error.Failure;
}

/// How loud a log line is: warnings and errors are for all users.
pub const Level = enum(u8) { trace, debug, info, warn, err };

/// Says something to the user. `std.log` does it as well.
pub fn log(level: Level, comptime format: []const u8, args: anytype) void {
    const mark = arena.mark();
    defer arena.reset(mark);
    const line = clean(text(format, args));
    host.log(@intFromEnum(level), line.ptr, line.len);
}

/// A table of the user.
pub const Table = struct {
    name: []const u8,
    size: u64,

    /// Null if the user gave no such table.
    pub fn open(name: []const u8) ?Table {
        var result: extern struct { present: u8 = 0, size: u64 = 0 } = .{};
        host.tableSize(name.ptr, name.len, &result);
        return if (result.present != 0) .{ .name = name, .size = result.size } else null;
    }
    /// As many bytes as asked for, or fewer at its end.
    pub fn read(table: Table, offset: u64, length: u32) []const u8 {
        var result: wire.List = .{};
        host.tableRead(table.name.ptr, table.name.len, offset, length, &result);
        return result.slice(u8);
    }
};

/// Formatted text, of the memory of this call.
pub fn text(comptime format: []const u8, args: anytype) []const u8 {
    return std.fmt.allocPrint(allocator, format, args) catch outOfMemory();
}

// ---- The implementation ----

const host = struct {
    const module = "runner:plugin/host@0.2.0";
    const log = @extern(*const fn (u32, [*]const u8, usize) callconv(.c) void, .{ .name = "log", .library_name = module });
    const tableSize = @extern(*const fn ([*]const u8, usize, *anyopaque) callconv(.c) void, .{ .name = "table-size", .library_name = module });
    const tableRead = @extern(*const fn ([*]const u8, usize, u64, u32, *anyopaque) callconv(.c) void, .{ .name = "table-read", .library_name = module });
};

/// The layouts of the contract.
const wire = struct {
    const List = extern struct {
        ptr: usize = 0,
        len: usize = 0,

        fn of(comptime T: type, items: []const T) List {
            return if (items.len == 0) .{} else .{ .ptr = @intFromPtr(items.ptr), .len = items.len };
        }
        fn copy(comptime T: type, items: []const T) List {
            return .of(T, allocator.dupe(T, items) catch outOfMemory());
        }
        fn copyTexts(texts: []const []const u8) List {
            const lists = allocator.alloc(List, texts.len) catch outOfMemory();
            for (texts, lists) |one, *list| list.* = .copy(u8, one);
            return .of(List, lists);
        }
        fn slice(list: List, comptime T: type) []const T {
            if (list.len == 0) return &.{};
            return @as([*]const T, @ptrFromInt(list.ptr))[0..list.len];
        }
    };
    const Framing = extern struct {
        tag: u8,
        of: extern union {
            delimiter: List,
            quoted: extern struct { delimiter: u8, quote: u8 },
            fixed: extern struct { header: u64, size: u64 },
            prefixed: extern struct { header: u64, offset: u32, width: u8, order: Order, adjustment: i64, checks: List },
            overlapping: extern struct { before: u32, after: u32 },
        } = .{ .delimiter = .{} },
    };
    const Prefilter = extern struct { id: u8, tag: u8 align(4), list: List, any_case: bool };
    const Projection = extern struct { present: bool = false, delimiter: u8 align(4) = 0, fields: List = .{} };
    const Job = extern struct {
        framing: wire.Framing,
        prefilters: List,
        show_all: bool,
        claims: u8,
        show_empty: bool,
        counts: List,
        projection: Projection,
        has_ranges: bool,
        ranges: List,
    };
    const Failure = extern struct { message: List, has_position: bool, position: u32 };
    const Span = extern struct { start: u32, end: u32, len: u32 };
    const Count = extern struct { name: u32, number: u64 };
    const Reply = extern struct { consumed: u64, change: u8, spans: List = .{}, bytes: List = .{}, counts: List };
    const Answer = extern struct {
        is_failure: bool,
        of: extern union { job: wire.Job, reply: Reply, failure: Failure },
    };
    const Param = extern struct {
        name: List,
        kind: Kind,
        use: u8,
        has_default: bool align(4),
        default: List,
        doc: List,
        choices: List,
    };
    const Table = extern struct { name: List, required: bool, doc: List };
    const Manifest = extern struct { name: List, version: List, summary: List, license: List, params: List, tables: List, seed: bool };
    const Value = extern struct {
        name: List,
        tag: u8 align(8),
        of: extern union { bytes: List, integer: i64, boolean: bool },
    };

    comptime {
        std.debug.assert(@sizeOf(wire.Job) == 88 and @offsetOf(wire.Job, "has_ranges") == 76);
        std.debug.assert(@sizeOf(Answer) == 96 and @sizeOf(Reply) == 40 and @sizeOf(wire.Framing) == 40);
        std.debug.assert(@sizeOf(wire.Param) == 40 and @sizeOf(wire.Table) == 20 and @sizeOf(wire.Manifest) == 52);
        std.debug.assert(@sizeOf(wire.Value) == 24 and @sizeOf(Prefilter) == 20 and @sizeOf(FieldCheck) == 24);
        std.debug.assert(@sizeOf(Match) == 16 and @sizeOf(Count) == 16);
    }
};

/// Memory from the host in whole pages, taken from the bottom to the top. A call
/// goes back to the mark. Chunks are several only if something else takes pages.
const arena = struct {
    const Chunk = struct { next: ?*Chunk, end: usize };
    const Mark = struct { chunk: ?*Chunk, top: usize };
    var first: ?*Chunk = null;
    var now: Mark = .{ .chunk = null, .top = 0 };
    /// What stays when a call is over.
    var kept: Mark = .{ .chunk = null, .top = 0 };
    const page = 65536;

    fn mark() Mark {
        return now;
    }
    fn reset(to: Mark) void {
        now = to;
        if (to.chunk == null) if (first) |chunk| {
            now = .{ .chunk = chunk, .top = @intFromPtr(chunk) + @sizeOf(Chunk) };
        };
    }
    fn take(size: usize, alignment: usize) [*]u8 {
        while (true) {
            if (now.chunk) |chunk| {
                const at = (now.top + alignment - 1) & ~(alignment - 1);
                if (at <= chunk.end and chunk.end - at >= size) {
                    now.top = at + size;
                    return @ptrFromInt(at);
                }
                if (chunk.next) |following| {
                    now = .{ .chunk = following, .top = @intFromPtr(following) + @sizeOf(Chunk) };
                    continue;
                }
            }
            grow(size +| alignment);
        }
    }
    fn grow(size: usize) void {
        const pages_now = @wasmMemorySize(0);
        const goes_on = if (now.chunk) |chunk| chunk.end == pages_now * page else false;
        const slack = if (goes_on) now.chunk.?.end - now.top else 0;
        if (size > 0xfff00000) outOfMemory();
        const pages = (size - @min(size, slack) + @sizeOf(Chunk) + 16) / page + 1;
        // One page less than 4 GiB, so that `end` does not wrap round.
        if (pages > 65535 - pages_now or @wasmMemoryGrow(0, pages) < 0) outOfMemory();
        if (goes_on) {
            now.chunk.?.end += pages * page;
            return;
        }
        const chunk: *Chunk = @ptrFromInt(pages_now * page);
        chunk.* = .{ .next = null, .end = (pages_now + pages) * page };
        if (now.chunk) |before| before.next = chunk else first = chunk;
        now = .{ .chunk = chunk, .top = @intFromPtr(chunk) + @sizeOf(Chunk) };
    }
    /// Whether the block is the last one and could be made this long.
    fn resize(old: usize, old_size: usize, size: usize) bool {
        if (old + old_size != now.top) return false;
        const chunk = now.chunk orelse return false;
        if (chunk.end - old < size) return false;
        now.top = old + size;
        return true;
    }
    fn realloc(old: usize, old_size: usize, alignment: usize, size: usize) [*]u8 {
        if (old_size != 0 and resize(old, old_size, size)) return @ptrFromInt(old);
        const block = take(size, alignment);
        if (old_size != 0) {
            const from: [*]const u8 = @ptrFromInt(old);
            @memcpy(block[0..@min(old_size, size)], from[0..@min(old_size, size)]);
        }
        return block;
    }

    const vtable: std.mem.Allocator.VTable = .{ .alloc = vAlloc, .resize = vResize, .remap = vRemap, .free = vFree };
    fn vAlloc(_: *anyopaque, len: usize, alignment: std.mem.Alignment, _: usize) ?[*]u8 {
        return take(len, alignment.toByteUnits());
    }
    fn vResize(_: *anyopaque, memory: []u8, _: std.mem.Alignment, len: usize, _: usize) bool {
        return resize(@intFromPtr(memory.ptr), memory.len, len);
    }
    fn vRemap(_: *anyopaque, memory: []u8, _: std.mem.Alignment, len: usize, _: usize) ?[*]u8 {
        return if (resize(@intFromPtr(memory.ptr), memory.len, len)) memory.ptr else null;
    }
    fn vFree(_: *anyopaque, memory: []u8, _: std.mem.Alignment, _: usize) void {
        _ = resize(@intFromPtr(memory.ptr), memory.len, 0);
    }
};

/// Memory that needs no free: it is free again when the call is over, and stays
/// if it was taken in `begin`. It never fails; without memory the run ends.
pub const allocator: std.mem.Allocator = .{ .ptr = undefined, .vtable = &arena.vtable };

fn die(message: []const u8) noreturn {
    host.log(@intFromEnum(Level.err), message.ptr, message.len);
    @trap();
}

fn outOfMemory() noreturn {
    @branchHint(.cold);
    die("the plugin is out of memory");
}

/// What `root.zig` makes of a panic.
pub fn panicked(message: []const u8, _: ?usize) noreturn {
    @branchHint(.cold);
    log(.err, "panic: {s}", .{message});
    @trap();
}

/// What `root.zig` makes of `std.log`.
pub fn stdLog(comptime level: std.log.Level, comptime scope: @EnumLiteral(), comptime format: []const u8, args: anytype) void {
    const prefix = if (scope == .default) "" else @tagName(scope) ++ ": ";
    log(switch (level) {
        .err => .err,
        .warn => .warn,
        .info => .info,
        .debug => .debug,
    }, prefix ++ format, args);
}

const state = struct {
    const Failure = struct { message: []const u8, position: ?u32 };
    var failure: ?Failure = null;
    var mistake: ?[]const u8 = null;
    var begun = false;
    // What the edits of an earlier window needed is taken at once.
    var spans_capacity: usize = 64;
    var bytes_capacity: usize = 1024;
};

/// Keeps the first mistake of a call.
fn mistake(comptime format: []const u8, args: anytype) void {
    @branchHint(.cold);
    if (state.mistake == null) state.mistake = text("mistake in the plugin: " ++ format, args);
}

/// Text with a replacement character for what is no UTF-8: the host takes
/// nothing else.
fn clean(bytes: []const u8) []const u8 {
    if (std.unicode.utf8ValidateSlice(bytes)) return bytes;
    return text("{f}", .{std.unicode.fmtUtf8(bytes)});
}

fn answerFailure(message: []const u8, position: ?u32) *wire.Answer {
    const answer = allocator.create(wire.Answer) catch outOfMemory();
    answer.* = .{ .is_failure = true, .of = .{ .failure = .{
        .message = .of(u8, clean(message)),
        .has_position = position != null,
        .position = position orelse 0,
    } } };
    return answer;
}

fn answerError(err: anyerror) *wire.Answer {
    if (err == error.Failure) if (state.failure) |failure| return answerFailure(failure.message, failure.position);
    return answerFailure(text("the plugin returned the error {t}", .{err}), null);
}

fn call() void {
    state.failure = null;
    state.mistake = null;
}

/// The exports of a plugin. `root.zig` calls this.
pub fn exportPlugin(comptime Plugin: type) void {
    const guest = "runner:plugin/guest@0.2.0#";
    const exports = struct {
        var plugin: Plugin = undefined;

        fn realloc(old: usize, old_size: usize, alignment: usize, size: usize) callconv(.c) [*]u8 {
            return arena.realloc(old, old_size, alignment, size);
        }
        fn post(_: *const wire.Answer) callconv(.c) void {
            arena.reset(arena.kept);
        }
        fn postBegin(answer: *const wire.Answer) callconv(.c) void {
            if (!answer.is_failure) arena.kept = arena.mark();
            arena.reset(arena.kept);
        }

        fn describe() callconv(.c) *const wire.Manifest {
            call();
            const m: Manifest = Plugin.manifest;
            const params = allocator.alloc(wire.Param, m.params.len) catch outOfMemory();
            for (m.params, params) |param, *to| to.* = .{
                .name = .of(u8, param.name),
                .kind = param.kind,
                .use = @as(u8, @intFromBool(param.required)) | @as(u8, @intFromBool(param.repeats)) << 1 | @as(u8, @intFromBool(param.from_file)) << 2,
                .has_default = param.default != null,
                .default = .of(u8, param.default orelse ""),
                .doc = .of(u8, param.doc),
                .choices = .copyTexts(param.choices),
            };
            const tables = allocator.alloc(wire.Table, m.tables.len) catch outOfMemory();
            for (m.tables, tables) |table, *to| {
                to.* = .{ .name = .of(u8, table.name), .required = table.required, .doc = .of(u8, table.doc) };
            }
            const to = allocator.create(wire.Manifest) catch outOfMemory();
            to.* = .{
                .name = .of(u8, m.name),
                .version = .of(u8, m.version),
                .summary = .of(u8, m.summary),
                .license = .of(u8, m.license),
                .params = .of(wire.Param, params),
                .tables = .of(wire.Table, tables),
                .seed = m.seed,
            };
            return to;
        }

        fn begin(params: usize, params_len: usize, has_size: u32, size: u64, head: usize, head_len: usize, has_seed: u32, seed: u64) callconv(.c) *const wire.Answer {
            call();
            const given = (wire.List{ .ptr = params, .len = params_len }).slice(wire.Value);
            const values = allocator.alloc(Value, given.len) catch outOfMemory();
            for (given, values) |from, *value| value.* = .{
                .name = from.name.slice(u8),
                .data = switch (from.tag) {
                    0 => .{ .text = from.of.bytes.slice(u8) },
                    1 => .{ .bytes = from.of.bytes.slice(u8) },
                    2 => .{ .integer = from.of.integer },
                    else => .{ .boolean = from.of.boolean },
                },
            };
            var job: Job = .{};
            plugin = Plugin.begin(.{ .values = values }, .{
                .size = if (has_size != 0) size else null,
                .head = (wire.List{ .ptr = head, .len = head_len }).slice(u8),
                .seed = if (has_seed != 0) seed else null,
            }, &job) catch |err| return answerError(err);
            if (job.framing == null) mistake("the job has no framing (call `frame`)", .{});
            if (state.mistake) |message| return answerFailure(message, null);
            state.begun = true;
            const answer = allocator.create(wire.Answer) catch outOfMemory();
            answer.* = .{ .is_failure = false, .of = .{ .job = .{
                .framing = job.framing.?,
                .prefilters = .of(wire.Prefilter, job.prefilters.items),
                .show_all = job.show_all,
                .claims = @bitCast(job.claims),
                .show_empty = job.show_empty,
                .counts = .of(wire.List, job.counts.items),
                .projection = job.projection,
                .has_ranges = job.ranges_list != null,
                .ranges = job.ranges_list orelse .{},
            } } };
            return answer;
        }

        fn transform(offset: u64, bytes: usize, bytes_len: usize, owned_start: u32, owned_end: u32, last: u32, first: u32, matches: usize, matches_len: usize, fields: usize, fields_len: usize) callconv(.c) *const wire.Answer {
            call();
            if (!state.begun) return answerFailure("the host called `transform` before `begin`", null);
            const window: Window = .{
                .offset = offset,
                .bytes = (wire.List{ .ptr = bytes, .len = bytes_len }).slice(u8),
                .owned_start = owned_start,
                .owned_end = owned_end,
                .last = last != 0,
                .first = first != 0,
                .matches = (wire.List{ .ptr = matches, .len = matches_len }).slice(Match),
                .fields = (wire.List{ .ptr = fields, .len = fields_len }).slice(ShownField),
            };
            var edits: Edits = .{
                .window = &window,
                .spans = std.ArrayList(wire.Span).initCapacity(allocator, state.spans_capacity) catch outOfMemory(),
                .bytes = std.ArrayList(u8).initCapacity(allocator, state.bytes_capacity) catch outOfMemory(),
                .consumed_bytes = bytes_len,
            };
            Plugin.transform(&plugin, window, &edits) catch |err| return answerError(err);
            state.spans_capacity = @max(state.spans_capacity, edits.spans.items.len);
            state.bytes_capacity = @max(state.bytes_capacity, edits.bytes.items.len);
            if (edits.replaced != null and edits.spans.items.len > 0) mistake("a window was both edited and replaced", .{});
            if (state.mistake) |message| return answerFailure(message, null);
            var counts: std.ArrayList(wire.Count) = .empty;
            for (edits.counts[0..edits.counts_used], 0..) |more, index| {
                if (more > 0) counts.append(allocator, .{ .name = index, .number = more }) catch outOfMemory();
            }
            const answer = allocator.create(wire.Answer) catch outOfMemory();
            answer.* = .{ .is_failure = false, .of = .{ .reply = .{
                .consumed = edits.consumed_bytes,
                .change = if (edits.replaced != null) 2 else if (edits.spans.items.len > 0) 1 else 0,
                .spans = if (edits.replaced) |all| .of(u8, all) else .of(wire.Span, edits.spans.items),
                .bytes = .of(u8, edits.bytes.items),
                .counts = .of(wire.Count, counts.items),
            } } };
            return answer;
        }
    };
    @export(&exports.realloc, .{ .name = "cabi_realloc" });
    @export(&exports.describe, .{ .name = guest ++ "describe" });
    @export(&exports.begin, .{ .name = guest ++ "begin" });
    @export(&exports.transform, .{ .name = guest ++ "transform" });
    @export(&exports.post, .{ .name = "cabi_post_" ++ guest ++ "describe" });
    @export(&exports.postBegin, .{ .name = "cabi_post_" ++ guest ++ "begin" });
    @export(&exports.post, .{ .name = "cabi_post_" ++ guest ++ "transform" });
}
