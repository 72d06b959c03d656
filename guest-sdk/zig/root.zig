//! The root of every plugin's program: exports the plugin, and sends panics and
//! `std.log` to the host's log.

const std = @import("std");
const runner = @import("runner");

pub const panic = std.debug.FullPanic(runner.panicked);
pub const std_options: std.Options = .{ .logFn = runner.stdLog, .log_level = .debug };

comptime {
    runner.exportPlugin(@import("plugin"));
}
