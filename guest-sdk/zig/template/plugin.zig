//! Shifts time stamps of the form `ts=2026-11-26T10:00:00Z` by a number of
//! seconds. Replace this with what your plugin does; runner/README.md lists what
//! there is to call.

const std = @import("std");
const runner = @import("runner");

pub const manifest: runner.Manifest = .{
    .name = "{{name}}",
    .version = "0.1.0",
    .summary = "Shifts time stamps by a number of seconds",
    .license = "Apache-2.0",
    .params = &.{
        .{ .name = "seconds", .kind = .integer, .doc = "How many seconds to add", .required = true },
    },
};

seconds: i64,
stamps: usize,

/// Called once for each file: reads the parameters, and says what the plugin
/// wants to see.
pub fn begin(params: runner.Params(manifest), _: runner.File, job: *runner.Job) !@This() {
    job.frame(.lines);
    _ = job.literals(&.{"ts="}); // only lines that hold this are shown
    job.claims = .{ .text = true, .length_preserving = true, .deterministic = true };
    return .{ .seconds = params.integer("seconds"), .stamps = job.count("stamps") };
}

/// Called for each window of the file. Edits are in positions of the window.
pub fn transform(self: *@This(), window: runner.Window, edits: *runner.Edits) !void {
    var lines = window.lines();
    while (lines.next()) |line| {
        var at: usize = 0;
        while (runner.find(line.bytes[at..], "ts=")) |found| {
            at += found + 3;
            if (line.bytes.len - at < 20) break;
            const time = parse(line.bytes[at..][0..20]) orelse continue;
            const start = line.start + at;
            const shifted = std.math.add(i64, time, self.seconds) catch -1;
            if (shifted < 0 or shifted >= end_of_time) {
                return runner.failAt(start, "the shifted year is outside of 0000..9999", .{});
            }
            show(@intCast(shifted), edits.replaceRoom(start, start + 20, 20)[0..20]);
            edits.count(self.stamps, 1);
            at += 20;
        }
    }
}

const end_of_time = daysBefore(10000) * 86400;

fn isLeap(year: u32) bool {
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0);
}

fn daysIn(year: u32, month: u32) u32 {
    const days = [12]u8{ 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + @as(u32, @intFromBool(month == 2 and isLeap(year)));
}

/// Days from 0000-01-01 to the first day of a year.
fn daysBefore(year: u32) i64 {
    return year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

fn number(digits: []const u8) u32 {
    var result: u32 = 0;
    for (digits) |digit| result = result * 10 + (digit - '0');
    return result;
}

/// The seconds since 0000-01-01T00:00:00Z, if these bytes are a time.
fn parse(stamp: *const [20]u8) ?i64 {
    for (stamp, "dddd-dd-ddTdd:dd:ddZ") |byte, form| {
        if (if (form == 'd') byte < '0' or byte > '9' else byte != form) return null;
    }
    const year = number(stamp[0..4]);
    const month = number(stamp[5..7]);
    const day = number(stamp[8..10]);
    const hour = number(stamp[11..13]);
    const minute = number(stamp[14..16]);
    const second = number(stamp[17..19]);
    if (month < 1 or month > 12 or day < 1 or day > daysIn(year, month)) return null;
    if (hour > 23 or minute > 59 or second > 59) return null;
    var days = daysBefore(year) + day - 1;
    for (1..month) |before| days += daysIn(year, before);
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

fn put(digits: []u8, value: u32) void {
    var left = value;
    var at = digits.len;
    while (at > 0) : (left /= 10) {
        at -= 1;
        digits[at] = '0' + @as(u8, @intCast(left % 10));
    }
}

fn show(time: u64, stamp: *[20]u8) void {
    const second: u32 = @intCast(time % 86400);
    var day: u32 = @intCast(time / 86400);
    var year = day / 366;
    while (daysBefore(year + 1) <= day) year += 1;
    day -= @intCast(daysBefore(year));
    var month: u32 = 1;
    while (day >= daysIn(year, month)) : (month += 1) day -= daysIn(year, month);
    stamp.* = "0000-00-00T00:00:00Z".*;
    put(stamp[0..4], year);
    put(stamp[5..7], month);
    put(stamp[8..10], day + 1);
    put(stamp[11..13], second / 3600);
    put(stamp[14..16], second / 60 % 60);
    put(stamp[17..19], second % 60);
}
