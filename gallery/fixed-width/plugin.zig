//! Changes fields of fixed-width records: the byte order of numbers, constant
//! bytes, text that is to stand on the left or on the right, and EBCDIC.

const std = @import("std");
const runner = @import("runner");
const fields = @import("fields.zig");
const ebcdic = @import("ebcdic.zig");

pub const manifest: runner.Manifest = .{
    .name = "fixed-width",
    .version = "0.1.0",
    .summary = "Changes fields of fixed-width records: byte order, constants, padding, EBCDIC",
    .license = "Apache-2.0",
    .params = &.{
        .{ .name = "record", .kind = .integer, .doc = "Bytes in a record", .required = true },
        .{ .name = "header", .kind = .integer, .doc = "Bytes before the first record", .default = "0" },
        .{ .name = "swap", .kind = .text, .doc = "OFFSET:WIDTH or OFFSET:WIDTHxCOUNT: reverse the bytes of numbers of 2 to 16 bytes", .repeats = true },
        .{ .name = "set", .kind = .bytes, .doc = "OFFSET:BYTES: write these bytes", .repeats = true },
        .{ .name = "left", .kind = .text, .doc = "OFFSET:WIDTH: move the text of a field to its left end", .repeats = true },
        .{ .name = "right", .kind = .text, .doc = "OFFSET:WIDTH: move it to the right end", .repeats = true },
        .{ .name = "pad", .kind = .bytes, .doc = "The byte that fills up such fields", .default = " " },
        .{ .name = "to-ascii", .kind = .text, .doc = "OFFSET:WIDTH: from EBCDIC (code page 037) to ISO 8859-1, of which ASCII is a part", .repeats = true },
        .{ .name = "to-ebcdic", .kind = .text, .doc = "OFFSET:WIDTH: the other way", .repeats = true },
    },
};

record_bytes: usize,
list: []const fields.Field,
pad: u8,
changed: usize,

/// The longest record that is accepted, in bytes.
const max_record = 16 << 20;

pub fn begin(params: runner.Params(manifest), file: runner.File, job: *runner.Job) !@This() {
    const record = params.integer("record");
    const header = params.integer("header");
    const pad = params.text("pad");
    if (record < 1 or record > max_record) return runner.fail("`record` must be from 1 to {d}", .{max_record});
    if (header < 0) return runner.fail("`header` must not be negative", .{});
    if (pad.len != 1) return runner.fail("`pad` must be one byte", .{});
    if (file.size) |size| {
        const start: u64 = @intCast(header);
        if (size < start) return runner.fail("the file has {d} bytes, which is less than its header", .{size});
        const left = (size - start) % @as(u64, @intCast(record));
        if (left != 0) return runner.fail(incomplete, .{ left, record });
    }
    const list = try fields.parseAll(params.values, @intCast(record));
    job.frame(.{ .fixed = .{ .header = @intCast(header), .size = @intCast(record) } });
    job.claims = .{ .length_preserving = true, .deterministic = true };
    return .{ .record_bytes = @intCast(record), .list = list, .pad = pad[0], .changed = job.count("fields") };
}

const incomplete = "{d} bytes are left over at the end, where a record has {d}: is `record` or `header` right?";

pub fn transform(self: *@This(), window: runner.Window, edits: *runner.Edits) !void {
    var records = window.fixed(self.record_bytes);
    while (records.next()) |record| {
        if (record.bytes.len != self.record_bytes) {
            return runner.failAt(record.start, incomplete, .{ record.bytes.len, self.record_bytes });
        }
        for (self.list) |field| {
            const old = record.bytes[field.start..field.end];
            if (self.keeps(field, old)) continue;
            const start = record.start + field.start;
            self.apply(field, old, edits.replaceRoom(start, start + old.len, old.len));
            edits.count(self.changed, 1);
        }
    }
}

/// Whether a field stays as it is: then no edit is made.
fn keeps(self: *const @This(), field: fields.Field, old: []const u8) bool {
    switch (field.change) {
        .set => |bytes| return std.mem.eql(u8, old, bytes),
        .swap => |width| {
            var at: usize = 0;
            while (at < old.len) : (at += width) {
                for (0..width / 2) |i| if (old[at + i] != old[at + width - 1 - i]) return false;
            }
            return true;
        },
        .left, .right => {
            const text = std.mem.trim(u8, old, &.{self.pad});
            const start = @intFromPtr(text.ptr) - @intFromPtr(old.ptr);
            return text.len == 0 or if (field.change == .left) start == 0 else start + text.len == old.len;
        },
        .to_ascii => return unchanged(old, &ebcdic.to_latin1),
        .to_ebcdic => return unchanged(old, &ebcdic.from_latin1),
    }
}

fn unchanged(old: []const u8, table: *const [256]u8) bool {
    for (old) |byte| if (table[byte] != byte) return false;
    return true;
}

/// Writes what becomes of a field.
fn apply(self: *const @This(), field: fields.Field, old: []const u8, new: []u8) void {
    switch (field.change) {
        .set => |bytes| @memcpy(new, bytes),
        .swap => |width| {
            var at: usize = 0;
            while (at < old.len) : (at += width) {
                for (0..width) |i| new[at + i] = old[at + width - 1 - i];
            }
        },
        .left, .right => {
            const text = std.mem.trim(u8, old, &.{self.pad});
            @memset(new, self.pad);
            const start = if (field.change == .left) 0 else new.len - text.len;
            @memcpy(new[start..][0..text.len], text);
        },
        .to_ascii => for (old, new) |byte, *to| {
            to.* = ebcdic.to_latin1[byte];
        },
        .to_ebcdic => for (old, new) |byte, *to| {
            to.* = ebcdic.from_latin1[byte];
        },
    }
}
