// Turns lines of access logs (Apache, nginx; NCSA common and combined) into JSON
// or logfmt.

import { Builder, Edits, Input, Job, Manifest, NONE, Param, Plugin, Window, register, utf8 } from "./runner";
import { Line } from "./line";
import { Json, Logfmt, Writer } from "./writer";

enum Counted {
  Lines,
  NotParsed,
  BadUtf8,
}

class LogFormat extends Plugin {
  strict: bool = false;
  isoTime: bool = true;
  writer: Writer = new Json();
  line: Line = new Line();

  describe(): Manifest {
    return new Manifest("log-format", "0.1.0", "Turns access logs (common, combined) into JSON lines or logfmt")
      .license("Apache-2.0")
      .param(Param.choice("to", ["json", "logfmt"], "What lines become").default("json"))
      .param(Param.choice("time", ["iso", "raw"], "How the time is written").default("iso"))
      .param(Param.boolean("strict", "Fail at a line that is not in the format, instead of leaving it").default("false"));
  }

  begin(input: Input): Job {
    this.strict = input.boolean("strict");
    this.isoTime = input.text("time") == "iso";
    if (input.text("to") == "logfmt") this.writer = new Logfmt();
    return new Job().text().deterministic().counts(["lines", "not-parsed", "bad-utf8"]);
  }

  transform(window: Window, edits: Edits): void {
    const lines = window.lines();
    while (lines.next()) {
      const start = lines.start;
      let end = lines.end;
      if (end > start && window.at(end - 1) == 0x0d) end--;
      if (end == start) continue;
      const wrong = this.line.parse(window, start, end);
      if (wrong != NONE) {
        if (this.strict) return edits.fail("the line is not in the common or combined format from here on", wrong);
        edits.count(Counted.NotParsed);
        continue;
      }
      const written = this.write(window);
      if (this.writer.badUtf8) {
        if (this.strict) return edits.fail("the line is not UTF-8", start);
        edits.count(Counted.BadUtf8);
      }
      edits.replace(start, end, written);
      edits.count(Counted.Lines);
    }
  }

  private write(window: Window): Builder {
    const line = this.line, writer = this.writer;
    writer.begin();
    writer.field(HOST, window, line.host, line.hostEnd);
    writer.field(IDENT, window, line.ident, line.identEnd);
    writer.field(USER, window, line.user, line.userEnd);
    if (this.isoTime) writer.plain(TIME, isoTime(window, line.time));
    else writer.field(TIME, window, line.time, line.time + 26);
    if (line.splitRequest(window)) {
      writer.field(METHOD, window, line.request, line.methodEnd);
      writer.field(PATH, window, line.methodEnd + 1, line.pathEnd);
      writer.field(PROTOCOL, window, line.pathEnd + 1, line.requestEnd);
    } else {
      writer.field(REQUEST, window, line.request, line.requestEnd);
    }
    writer.number(STATUS, window, line.status, line.status + line.statusBytes);
    writer.number(BYTES, window, line.size, line.sizeEnd);
    if (line.referer != NONE) writer.field(REFERER, window, line.referer, line.refererEnd);
    if (line.agent != NONE) writer.field(AGENT, window, line.agent, line.agentEnd);
    if (line.forwarded != NONE) writer.field(FORWARDED, window, line.forwarded, line.forwardedEnd);
    return writer.end();
  }
}

const HOST = utf8("host"), IDENT = utf8("ident"), USER = utf8("user"), TIME = utf8("time");
const METHOD = utf8("method"), PATH = utf8("path"), PROTOCOL = utf8("protocol"), REQUEST = utf8("request");
const STATUS = utf8("status"), BYTES = utf8("bytes"), REFERER = utf8("referer"), AGENT = utf8("agent");
const FORWARDED = utf8("forwarded_for");

const time = new Builder();

/** `28/Nov/2026:04:31:25 +0000` as `2026-11-28T04:31:25+00:00`. */
function isoTime(window: Window, at: i32): Builder {
  time.clear().copy(window, at + 7, at + 11).byte(0x2d).integer(Line.month(window, at + 3), 2).byte(0x2d);
  time.copy(window, at, at + 2).byte(0x54).copy(window, at + 12, at + 20);
  return time.copy(window, at + 21, at + 24).byte(0x3a).copy(window, at + 24, at + 26);
}

register(new LogFormat());
