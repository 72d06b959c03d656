//! Claims to be idempotent, and puts a sign before each line in every run.
// fails: idempotent
const runner = @import("runner");

pub const manifest: runner.Manifest = .{
    .name = "bad",
    .version = "0.1.0",
    .summary = "A plugin with a fault",
    .license = "MIT",
};

pub fn begin(_: runner.Params(manifest), _: runner.File, job: *runner.Job) !@This() {
    job.frame(.lines);
    job.claims = .{ .idempotent = true };
    return .{};
}

pub fn transform(_: *@This(), window: runner.Window, edits: *runner.Edits) !void {
    var lines = window.lines();
    while (lines.next()) |line| edits.insert(line.start, "#");
}
