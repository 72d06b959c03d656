// A transform of the compiler: gives the exports of exports.ts the names of the
// contract, which cannot be written in AssemblyScript.

const GUEST = "runner:plugin/guest@0.2.0#";
const FUNCTIONS = ["describe", "begin", "transform"];
const NAMES = {
  ...Object.fromEntries(FUNCTIONS.map((name) => [name, [GUEST + name]])),
  realloc: ["cabi_realloc"],
  release: FUNCTIONS.map((name) => "cabi_post_" + GUEST + name),
};

export default class Rename {
  afterCompile(module) {
    for (const [name, names] of Object.entries(NAMES)) {
      module.removeExport(name);
      for (const other of names) module.addFunctionExport("runner/exports/" + name, other);
    }
  }
}
