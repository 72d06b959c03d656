//! Uses every part of the contract, in the same way as the plugin `conform` of
//! every other language, so that their answers can be compared byte by byte. It
//! is of no other use.

const std = @import("std");
const runner = @import("runner");

pub const manifest: runner.Manifest = .{
    .name = "conform",
    .version = "1.0.0",
    .summary = "Uses every part of the contract",
    .license = "Apache-2.0",
    .params = &.{
        .{
            .name = "framing",
            .kind = .choice,
            .doc = "Where records end",
            .default = "lines",
            .choices = &.{ "lines", "bytes", "quoted", "fields", "fixed", "length-prefixed", "overlapping", "sequential" },
        },
        .{ .name = "text", .kind = .text, .doc = "A text", .default = "hi" },
        .{ .name = "number", .kind = .integer, .doc = "A number", .default = "7" },
        .{ .name = "flag", .kind = .boolean, .doc = "A truth", .default = "true" },
        .{ .name = "data", .kind = .bytes, .doc = "Some bytes", .default = "\\x00\\xff" },
        .{ .name = "word", .kind = .secret, .doc = "A secret" },
        .{ .name = "many", .kind = .text, .doc = "Texts", .repeats = true },
        .{ .name = "file", .kind = .text, .doc = "The content of a file", .from_file = true },
    },
    .tables = &.{.{ .name = "notes", .doc = "Any bytes" }},
    .seed = true,
};

framing: []const u8,
/// What the marker `@` becomes.
told: []const u8,

pub fn begin(params: runner.Params(manifest), file: runner.File, job: *runner.Job) !@This() {
    const framing = params.text("framing");
    const size = if (file.size) |size| runner.text("{d}", .{size}) else "stream";
    runner.log(.debug, "size {s}, head {d}", .{ size, file.head.len });
    if (runner.find(file.head, "#")) |at| return runner.failAt(at, "the head has a #", .{});
    // name=value for each parameter, in the order in which they came, then the
    // seed and the table.
    var told: std.ArrayList(u8) = .empty;
    for (params.values) |value| {
        if (std.mem.eql(u8, value.name, "framing")) continue;
        try told.print(runner.allocator, "{s}=", .{value.name});
        switch (value.data) {
            .text, .bytes => |bytes| try told.appendSlice(runner.allocator, bytes),
            .integer => |integer| try told.print(runner.allocator, "{d}", .{integer}),
            .boolean => |truth| try told.appendSlice(runner.allocator, if (truth) "yes" else "no"),
        }
        try told.append(runner.allocator, '|');
    }
    if (file.seed) |seed| {
        try told.print(runner.allocator, "seed={d}|", .{seed});
    } else {
        try told.appendSlice(runner.allocator, "no seed|");
    }
    if (runner.Table.open("notes")) |notes| {
        try told.print(runner.allocator, "notes[{d}]={s}", .{ notes.size, notes.read(1, 5) });
    } else {
        try told.appendSlice(runner.allocator, "no notes");
    }
    const is = struct {
        fn is(one: []const u8, other: []const u8) bool {
            return std.mem.eql(u8, one, other);
        }
    }.is;
    if (is(framing, "lines")) {
        job.frame(.lines);
        _ = job.literalsAnyCase(&.{ "a=", "b=" });
        _ = job.regex("c=[0-9]+");
        _ = job.literals(&.{ "!", "?", "@" });
        job.show_all = true;
        job.show_empty = true;
        _ = job.count("first");
        _ = job.count("second");
        job.claims = .{ .text = true, .deterministic = true };
    } else if (is(framing, "bytes")) {
        job.frame(.bytes);
        job.ranges(&.{ .{ .start = 0, .end = 4 }, .{ .start = 8, .end = 12 } });
        job.claims.length_preserving = true;
    } else if (is(framing, "quoted")) {
        job.frame(.{ .quoted = .{} });
        _ = job.literals(&.{"x"});
    } else if (is(framing, "fields")) {
        job.frame(.{ .quoted = .{} });
        job.project(',', &.{ 0, 2 });
    } else if (is(framing, "fixed")) {
        job.frame(.{ .fixed = .{ .header = 4, .size = 8 } });
        job.claims = .{ .length_preserving = true, .idempotent = true };
    } else if (is(framing, "length-prefixed")) {
        job.frame(.{ .length_prefixed = .{
            .header = 2,
            .offset = 1,
            .width = 2,
            .order = .big,
            .adjustment = 1,
            .checks = &.{.{ .offset = 0, .width = 1, .order = .little, .min = 1, .max = 9 }},
        } });
    } else if (is(framing, "overlapping")) {
        job.frame(.{ .overlapping = .{ .before = 2, .after = 3 } });
    } else {
        job.frame(.sequential);
    }
    return .{ .framing = framing, .told = told.items };
}

pub fn transform(self: *@This(), window: runner.Window, edits: *runner.Edits) !void {
    const Framing = enum { lines, bytes, quoted, fields, fixed, @"length-prefixed", overlapping, sequential };
    const bytes = window.bytes;
    switch (std.meta.stringToEnum(Framing, self.framing).?) {
        .lines => try self.lines(window, edits),
        .bytes => for (bytes, 0..) |byte, at| { // `x` becomes `y`.
            if (byte == 'x') edits.replace(at, at + 1, "y");
        },
        .quoted => { // The number of bytes before each record that has an `x`.
            var records = window.quoted('\n', '"');
            while (records.next()) |record| {
                if (runner.find(record.bytes, "x") == null) continue;
                edits.print(record.start, record.start, "{d}:", .{record.bytes.len});
            }
        },
        .fields => { // Its index and its length in place of each field.
            var fields = window.shownFields();
            while (fields.next()) |field| edits.print(field.start, field.end(), "<{d}:{d}>", .{ field.field, field.bytes.len });
        },
        .fixed => { // The first byte of each record as the last one, too.
            var records = window.fixed(8);
            while (records.next()) |record| edits.replace(record.end() - 1, record.end(), record.bytes[0..1]);
        },
        .@"length-prefixed" => { // The length of each record, modulo 10, in its first byte.
            var records = window.lengthPrefixed(1, 2, .big, 1);
            while (records.next()) |record| {
                edits.replace(record.start, record.start + 1, &.{@as(u8, @intCast(record.bytes.len % 10))});
            }
        },
        .overlapping => { // `abc` is deleted; so is an `x` between two blanks.
            var at = window.owned_start;
            while (at < window.owned_end) : (at += 1) {
                if (std.mem.startsWith(u8, bytes[at..], "abc")) {
                    edits.delete(at, at + 3);
                    at += 2;
                } else if (at > 0 and std.mem.startsWith(u8, bytes[at - 1 ..], " x ")) {
                    edits.delete(at, at + 1);
                }
            }
        },
        .sequential => { // Every whole group of four bytes is turned round, and the rest deleted.
            const whole = bytes.len / 4 * 4;
            var start: usize = 0;
            while (start < whole) : (start += 4) {
                const group = bytes[start..][0..4];
                edits.replace(start, start + 4, &.{ group[3], group[2], group[1], group[0] });
            }
            if (window.last) edits.delete(whole, bytes.len);
            edits.consumed(if (window.last) bytes.len else whole);
        },
    }
}

/// Says at the start of each line which prefilters matched, and does what a line
/// asks for.
fn lines(self: *@This(), window: runner.Window, edits: *runner.Edits) !void {
    if (window.first and window.last and window.bytes.len == 0) return edits.insert(0, "empty");
    var all = window.lines();
    while (all.next()) |line| {
        if (line.ids != 0) edits.print(line.start, line.start, "{x} ", .{line.ids});
        edits.count(0, line.ids & 1);
        edits.count(1, line.ids >> 1 & 1);
        for (line.bytes, line.start..) |byte, at| switch (byte) {
            '!' => return runner.failAt(at, "bang", .{}),
            '?' => runner.log(.warn, "asked", .{}),
            '@' => if (at > line.start) edits.replace(at, at + 1, self.told),
            else => {},
        };
    }
}
