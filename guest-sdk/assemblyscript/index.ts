// The SDK for plugins of `runner` in AssemblyScript. README.md has a complete
// plugin and every function. All offsets and lengths are in bytes, and
// positions are those in the window.

export { Plugin, Manifest, Param, Kind, register } from "./plugin";
export { Input, Value } from "./input";
export { Job, Framing, Pattern, ByteOrder, Check } from "./job";
export { Window, Records, Fields } from "./window";
export { Edits } from "./edits";
export { Builder } from "./builder";
export { Level, log, debug, info, warn, Table } from "./host";
export { utf8, textOf, NONE } from "./bytes";
