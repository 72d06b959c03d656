//! Which fields are changed, as the user says it.

const std = @import("std");
const runner = @import("runner");

/// A field of a record: the bytes `[start, end)`.
pub const Field = struct {
    start: usize,
    end: usize,
    change: Change,
    /// The value of the parameter, for messages.
    as_given: []const u8,
};

/// What is done with a field.
pub const Change = union(enum) {
    /// Reverse each number of this width in bytes.
    swap: usize,
    set: []const u8,
    left,
    right,
    to_ascii,
    to_ebcdic,
};

/// The fields of all parameters, in order of their places, without overlaps.
pub fn parseAll(values: []const runner.Value, record_bytes: usize) ![]const Field {
    var list: std.ArrayList(Field) = .empty;
    for (values) |value| {
        const field = try parse(value) orelse continue;
        if (field.end > record_bytes) {
            return runner.fail("`{s}={s}` reaches beyond a record of {d} bytes", .{ value.name, field.as_given, record_bytes });
        }
        try list.append(runner.allocator, field);
    }
    if (list.items.len == 0) return runner.fail("nothing to do: give `swap`, `set`, `left`, `right`, `to-ascii` or `to-ebcdic`", .{});
    std.mem.sort(Field, list.items, {}, isBefore);
    for (list.items[1..], list.items[0 .. list.items.len - 1]) |field, before| {
        if (field.start < before.end) {
            return runner.fail("the fields `{s}` and `{s}` overlap; change them in two runs", .{ before.as_given, field.as_given });
        }
    }
    return list.items;
}

fn isBefore(_: void, a: Field, b: Field) bool {
    return a.start < b.start or (a.start == b.start and a.end < b.end);
}

/// The field of one value; null if the parameter is none of a field.
fn parse(value: runner.Value) !?Field {
    const name = value.name;
    if (std.mem.eql(u8, name, "set")) return try parseSet(value.data.bytes);
    const change: Change = if (std.mem.eql(u8, name, "swap"))
        .{ .swap = 0 }
    else if (std.mem.eql(u8, name, "left"))
        .left
    else if (std.mem.eql(u8, name, "right"))
        .right
    else if (std.mem.eql(u8, name, "to-ascii"))
        .to_ascii
    else if (std.mem.eql(u8, name, "to-ebcdic"))
        .to_ebcdic
    else
        return null;
    return try parseRange(name, value.data.text, change);
}

fn parseSet(bytes: []const u8) !Field {
    const colon = std.mem.findScalar(u8, bytes, ':') orelse bytes.len;
    const start = number(bytes[0..colon]) orelse return runner.fail("`set` must be OFFSET:BYTES", .{});
    if (colon + 1 >= bytes.len) return runner.fail("`set` must be OFFSET:BYTES, with at least one byte", .{});
    const new = bytes[colon + 1 ..];
    return .{ .start = start, .end = start + new.len, .change = .{ .set = new }, .as_given = bytes };
}

fn parseRange(name: []const u8, text: []const u8, change: Change) !Field {
    const bad = "`{s}={s}` must be OFFSET:WIDTH in bytes, as in {s}=16:4";
    const colon = std.mem.findScalar(u8, text, ':') orelse return runner.fail(bad, .{ name, text, name });
    var rest = text[colon + 1 ..];
    var count: usize = 1;
    if (change == .swap) if (std.mem.findScalar(u8, rest, 'x')) |x| {
        count = number(rest[x + 1 ..]) orelse 0;
        rest = rest[0..x];
    };
    const start = number(text[0..colon]) orelse return runner.fail(bad, .{ name, text, name });
    const width = number(rest) orelse return runner.fail(bad, .{ name, text, name });
    if (width == 0 or count == 0) return runner.fail(bad, .{ name, text, name });
    if (change == .swap and (width < 2 or width > 16)) return runner.fail("`swap={s}`: the width must be from 2 to 16 bytes", .{text});
    // Both are less than 2^25, but their product may not fit in 32 bits.
    const end = std.math.add(usize, start, std.math.mul(usize, width, count) catch largest) catch largest;
    return .{ .start = start, .end = end, .change = if (change == .swap) .{ .swap = width } else change, .as_given = text };
}

const largest = std.math.maxInt(usize);

/// A decimal number below 2^25; null for anything else.
fn number(digits: []const u8) ?usize {
    if (digits.len == 0) return null;
    var result: usize = 0;
    for (digits) |digit| {
        if (digit < '0' or digit > '9') return null;
        result = result * 10 + (digit - '0');
        if (result >= 1 << 25) return null;
    }
    return result;
}
