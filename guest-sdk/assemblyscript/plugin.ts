// What a plugin says of itself.

import { Input } from "./input";
import { Job } from "./job";
import { Window } from "./window";
import { Edits } from "./edits";

/** A plugin. Extend it, and pass an instance to `register`. */
export abstract class Plugin {
  /** Says what this plugin is. Must always give the same answer. */
  abstract describe(): Manifest;
  /**
   * Takes the parameters and may look at the head of the file. Called once in
   * each instance, and must give the same job. Return `Job.fail(..)` to give up.
   */
  abstract begin(input: Input): Job;
  /** Adds the edits of one window. Call `edits.fail(..)` and return to give up. */
  abstract transform(window: Window, edits: Edits): void;
}

let registered: Plugin | null = null;

/** Makes `plugin` the plugin of this module. Call it once, at the top level of plugin.ts. */
export function register(plugin: Plugin): void {
  if (registered) throw new Error("register was called twice");
  registered = plugin;
}

/** The plugin. */
export function thePlugin(): Plugin {
  if (!registered) throw new Error("plugin.ts does not call register(new ...())");
  return registered!;
}

/** What the value of a parameter looks like, in the order of the contract. */
export enum Kind {
  Text,
  Integer,
  Boolean,
  Secret,
  Bytes,
  Choice,
}

/** One parameter, as in `--set NAME=VALUE`. */
export class Param {
  isRequired: bool = false;
  doesRepeat: bool = false;
  isFromFile: bool = false;
  fallback: string | null = null;
  words: string[] = [];

  private constructor(public readonly kind: Kind, public readonly name: string, public readonly doc: string) {}

  /** Any text. */
  static text(name: string, doc: string): Param {
    return new Param(Kind.Text, name, doc);
  }
  /** A signed 64-bit decimal integer. */
  static integer(name: string, doc: string): Param {
    return new Param(Kind.Integer, name, doc);
  }
  /** `true` or `false`. */
  static boolean(name: string, doc: string): Param {
    return new Param(Kind.Boolean, name, doc);
  }
  /** A text that is neither shown nor stored. */
  static secret(name: string, doc: string): Param {
    return new Param(Kind.Secret, name, doc);
  }
  /** Text in which `\n`, `\xHH` and so on stand for bytes. */
  static bytes(name: string, doc: string): Param {
    return new Param(Kind.Bytes, name, doc);
  }
  /** One of some words. */
  static choice(name: string, words: string[], doc: string): Param {
    const param = new Param(Kind.Choice, name, doc);
    param.words = words;
    return param;
  }

  /** The run is refused without it. */
  required(): Param {
    this.isRequired = true;
    return this;
  }
  /** Its value when the user gives none, written as the user would. */
  default(value: string): Param {
    this.fallback = value;
    return this;
  }
  /** It may be given several times. */
  repeats(): Param {
    this.doesRepeat = true;
    return this;
  }
  /** `@PATH` stands for the content of that file. */
  fromFile(): Param {
    this.isFromFile = true;
    return this;
  }
}

/** A table that the user may hand to the plugin. */
export class TableSpec {
  constructor(public name: string, public doc: string, public required: bool) {}
}

/** What a plugin says of itself. */
export class Manifest {
  licence: string = "";
  params: Param[] = [];
  tables: TableSpec[] = [];
  takesSeed: bool = false;

  /** The name has lower-case letters, digits and hyphens; the summary is one line. */
  constructor(public readonly name: string, public readonly version: string, public readonly summary: string) {}

  /** Sets the licence: an SPDX expression. */
  license(licence: string): Manifest {
    this.licence = licence;
    return this;
  }
  /** Adds a parameter; the host refuses any other. */
  param(param: Param): Manifest {
    this.params.push(param);
    return this;
  }
  /** Adds a table, as in `--table NAME=FILE`. */
  table(name: string, doc: string, required: bool = false): Manifest {
    this.tables.push(new TableSpec(name, doc, required));
    return this;
  }
  /** Takes a seed, as in `--seed N`. */
  seed(): Manifest {
    this.takesSeed = true;
    return this;
  }
}
