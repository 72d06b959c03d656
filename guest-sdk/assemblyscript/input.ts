// What `begin` learns.

import { Kind, thePlugin } from "./plugin";

/** One value of a parameter. */
export class Value {
  text: string = "";
  bytes: Uint8Array = new Uint8Array(0);
  integer: i64 = 0;
  boolean: bool = false;

  /** `kind` is Text (for texts, secrets and choices), Bytes, Integer or Boolean, and says which field is set. */
  constructor(public readonly name: string, public readonly kind: Kind) {}
}

/** The parameters, and the head of the file. */
export class Input {
  /** All values in the order in which they were given, defaults included. */
  values: Value[] = [];
  /** Whether the input is a stream, without a size. */
  isStream: bool = false;
  /** The size of the file. */
  size: u64 = 0;
  /** The first 64 KiB of the file, or the whole of a shorter one. */
  head: Uint8Array = new Uint8Array(0);
  /** Whether the manifest takes a seed and the user gave one. */
  hasSeed: bool = false;
  /** The seed. */
  seed: u64 = 0;

  /** Whether a parameter has a value. */
  has(name: string): bool {
    for (let i = 0; i < this.values.length; i++) if (this.values[i].name == name) return true;
    return false;
  }

  /** The text of a text, secret or choice: the first one if it repeats, "" if it is absent. */
  text(name: string): string {
    const all = this.all(name, Kind.Text);
    return all.length ? all[0].text : "";
  }

  /** The value of an integer; 0 if it is absent. */
  integer(name: string): i64 {
    const all = this.all(name, Kind.Integer);
    return all.length ? all[0].integer : 0;
  }

  /** The value of a boolean; false if it is absent. */
  boolean(name: string): bool {
    const all = this.all(name, Kind.Boolean);
    return all.length ? all[0].boolean : false;
  }

  /** The value of a parameter of bytes; empty if it is absent. */
  bytes(name: string): Uint8Array {
    const all = this.all(name, Kind.Bytes);
    return all.length ? all[0].bytes : new Uint8Array(0);
  }

  /** All texts of a parameter, in the order in which they were given. */
  texts(name: string): string[] {
    const all = this.all(name, Kind.Text), texts = new Array<string>();
    for (let i = 0; i < all.length; i++) texts.push(all[i].text);
    return texts;
  }

  /** All values of a parameter, which must be of this kind. */
  all(name: string, kind: Kind): Value[] {
    const params = thePlugin().describe().params;
    let declared = false;
    for (let i = 0; i < params.length; i++) {
      if (params[i].name != name) continue;
      declared = true;
      let is = params[i].kind;
      if (is == Kind.Secret || is == Kind.Choice) is = Kind.Text;
      if (is != kind) throw new Error("the parameter `" + name + "` is " + word(is) + ", and was read as " + word(kind));
    }
    if (!declared) throw new Error("the plugin has no parameter `" + name + "`");
    const found = new Array<Value>();
    for (let i = 0; i < this.values.length; i++) if (this.values[i].name == name) found.push(this.values[i]);
    return found;
  }
}

function word(kind: Kind): string {
  switch (kind) {
    case Kind.Integer:
      return "an integer";
    case Kind.Boolean:
      return "a boolean";
    case Kind.Bytes:
      return "bytes";
    default:
      return "a text";
  }
}
