// Keeps every line that it sees in an array.
// fails: memory
import { Edits, Input, Job, Manifest, Plugin, Window, register, utf8 } from "./runner";

const kept: Uint8Array[] = [];

class Keep extends Plugin {
  describe(): Manifest {
    return new Manifest("bad", "0.1.0", "A plugin with a fault").license("MIT");
  }

  begin(input: Input): Job {
    return new Job();
  }

  transform(window: Window, edits: Edits): void {
    const copy = new Uint8Array(100);
    kept.push(copy);
    const lines = window.lines();
    while (lines.next()) {
      edits.insert(lines.start, utf8("#"));
    }
  }
}

register(new Keep());
