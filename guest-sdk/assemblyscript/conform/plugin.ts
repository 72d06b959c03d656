// Uses every part of the contract, in the same way as the plugin `conform` of
// every other language, so that their answers can be compared byte by byte. It
// is of no other use.

import {
  ByteOrder, Check, Edits, Framing, Input, Job, Kind, Manifest, Param, Pattern, Plugin, Table, Window, debug, register,
  utf8, warn,
} from "./runner";

const FRAMINGS = ["lines", "bytes", "quoted", "fields", "fixed", "length-prefixed", "overlapping", "sequential"];

class Conform extends Plugin {
  framing: string = "";
  told: u8[] = [];
  toldBytes: Uint8Array = new Uint8Array(0);

  describe(): Manifest {
    return new Manifest("conform", "1.0.0", "Uses every part of the contract")
      .license("Apache-2.0")
      .param(Param.choice("framing", FRAMINGS, "Where records end").default("lines"))
      .param(Param.text("text", "A text").default("hi"))
      .param(Param.integer("number", "A number").default("7"))
      .param(Param.boolean("flag", "A truth").default("true"))
      .param(Param.bytes("data", "Some bytes").default("\\x00\\xff"))
      .param(Param.secret("word", "A secret"))
      .param(Param.text("many", "Texts").repeats())
      .param(Param.text("file", "The content of a file").fromFile())
      .table("notes", "Any bytes")
      .seed();
  }

  begin(input: Input): Job {
    this.framing = input.text("framing");
    const size = input.isStream ? "stream" : input.size.toString();
    debug("size " + size + ", head " + input.head.length.toString());
    const at = input.head.indexOf(0x23);
    if (at >= 0) return Job.fail("the head has a #", at);
    this.tell(input);
    if (this.framing == "lines") {
      return new Job()
        .prefilter(Pattern.literals(["a=", "b="], true))
        .prefilter(Pattern.regex("c=[0-9]+"))
        .prefilter(Pattern.literals(["!", "?", "@"]))
        .showAll()
        .showEmpty()
        .counts(["first", "second"])
        .text()
        .deterministic();
    }
    if (this.framing == "bytes") return new Job(Framing.bytes()).range(0, 4).range(8, 12).lengthPreserving();
    if (this.framing == "quoted") return new Job(Framing.quoted(0x0a, 0x22)).literals(["x"]);
    if (this.framing == "fields") return new Job(Framing.quoted(0x0a, 0x22)).project(0x2c, [0, 2]);
    if (this.framing == "fixed") return new Job(Framing.fixed(4, 8)).lengthPreserving().idempotent();
    if (this.framing == "length-prefixed") {
      const check = new Check(0, 1, ByteOrder.Little, 1, 9);
      return new Job(Framing.lengthPrefixed(2, 1, 2, ByteOrder.Big, 1, [check]));
    }
    if (this.framing == "overlapping") return new Job(Framing.overlapping(2, 3));
    return new Job(Framing.sequential());
  }

  /** name=value for each parameter, in the order in which they came, then the seed and the table. */
  tell(input: Input): void {
    this.told = [];
    for (let i = 0; i < input.values.length; i++) {
      const value = input.values[i];
      if (value.name == "framing") continue;
      this.add(utf8(value.name + "="));
      if (value.kind == Kind.Text) this.add(utf8(value.text));
      else if (value.kind == Kind.Bytes) this.add(value.bytes);
      else if (value.kind == Kind.Integer) this.add(utf8(value.integer.toString()));
      else this.add(utf8(value.boolean ? "yes" : "no"));
      this.add(utf8("|"));
    }
    this.add(utf8(input.hasSeed ? "seed=" + input.seed.toString() + "|" : "no seed|"));
    const table = Table.open("notes");
    if (table) {
      this.add(utf8("notes[" + table.size.toString() + "]="));
      this.add(table.read(1, 5));
    } else {
      this.add(utf8("no notes"));
    }
    this.toldBytes = new Uint8Array(this.told.length);
    for (let i = 0; i < this.told.length; i++) this.toldBytes[i] = this.told[i];
  }

  add(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.told.push(bytes[i]);
  }

  transform(window: Window, edits: Edits): void {
    if (this.framing == "lines") return this.lines(window, edits);
    if (this.framing == "bytes") return xToY(window, edits);
    if (this.framing == "quoted") return lengths(window, edits);
    if (this.framing == "fields") return fields(window, edits);
    if (this.framing == "fixed") return firstIsLast(window, edits);
    if (this.framing == "length-prefixed") return lengthModulo10(window, edits);
    if (this.framing == "overlapping") return deletions(window, edits);
    return turned(window, edits);
  }

  /** Says at the start of each line which prefilters matched, and does what a line asks for. */
  lines(window: Window, edits: Edits): void {
    if (window.first && window.last && window.length == 0) return edits.insert(0, "empty");
    const lines = window.lines();
    while (lines.next()) {
      const ids = window.matchesAt(lines.start);
      if (ids) edits.insert(lines.start, ids.toString(16) + " ");
      edits.count(0, ids & 1);
      edits.count(1, (ids >> 1) & 1);
      for (let at = lines.start; at < lines.end; at++) {
        const byte = window.at(at);
        if (byte == 0x21) return edits.fail("bang", at);
        if (byte == 0x3f) warn("asked");
        if (byte == 0x40 && at > lines.start) edits.replace(at, at + 1, this.toldBytes);
      }
    }
  }
}

register(new Conform());

/** `x` becomes `y`. */
function xToY(window: Window, edits: Edits): void {
  for (let at = 0; at < window.length; at++) if (window.at(at) == 0x78) edits.replace(at, at + 1, "y");
}

/** The number of bytes before each record that has an `x`. */
function lengths(window: Window, edits: Edits): void {
  const records = window.records();
  while (records.next()) {
    let at = records.start;
    while (at < records.end && window.at(at) != 0x78) at++;
    if (at < records.end) edits.insert(records.start, (records.end - records.start).toString() + ":");
  }
}

/** Its index and its length in place of each field. */
function fields(window: Window, edits: Edits): void {
  const fields = window.fields();
  while (fields.next()) {
    const length = fields.end - fields.start;
    edits.replace(fields.start, fields.end, "<" + fields.index.toString() + ":" + length.toString() + ">");
  }
}

/** The first byte of each record as the last one, too. */
function firstIsLast(window: Window, edits: Edits): void {
  const records = window.records();
  while (records.next()) {
    edits.replace(records.end - 1, records.end, window.slice(records.start, records.start + 1));
  }
}

/** The length of each record, modulo 10, in its first byte. */
function lengthModulo10(window: Window, edits: Edits): void {
  const records = window.records(), digit = new StaticArray<u8>(1);
  while (records.next()) {
    digit[0] = <u8>((records.end - records.start) % 10);
    edits.replace(records.start, records.start + 1, digit);
  }
}

const ABC = utf8("abc");

/** `abc` is deleted; so is an `x` between two blanks. */
function deletions(window: Window, edits: Edits): void {
  for (let at = window.ownedStart; at < window.ownedEnd; at++) {
    if (window.startsWith(ABC, at)) {
      edits.delete(at, at + 3);
      at += 2;
    } else if (
      window.at(at) == 0x78 && at > 0 && window.at(at - 1) == 0x20 && at + 1 < window.length && window.at(at + 1) == 0x20
    ) {
      edits.delete(at, at + 1);
    }
  }
}

/** Every whole group of four bytes is turned round, and the rest deleted. */
function turned(window: Window, edits: Edits): void {
  const whole = (window.length / 4) * 4, group = new StaticArray<u8>(4);
  for (let at = 0; at < whole; at += 4) {
    for (let i = 0; i < 4; i++) group[3 - i] = window.at(at + i);
    edits.replace(at, at + 4, group);
  }
  edits.consumed(whole);
  if (window.last) {
    edits.delete(whole, window.length);
    edits.consumed(window.length);
  }
}
