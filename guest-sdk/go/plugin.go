// Package runner is the SDK for plugins of `runner` in Go.
//
// A plugin registers itself in an init function. Its Begin reads the
// parameters and returns a Job; the job's Transform is called with one window
// of the file after the other and adds edits. README.md has a complete plugin
// and every function.
//
// All offsets and lengths are in bytes. Positions are those in the window.
package runner

// Plugin is what a plugin says of itself, and where it begins.
type Plugin struct {
	// Name is short: lower-case letters, digits and hyphens.
	Name string
	// Version is the plugin's own, as in semantic versioning.
	Version string
	// Summary says in one line what the plugin does.
	Summary string
	// License is an SPDX expression, such as "Apache-2.0".
	License string
	// Params are all parameters; the host refuses any other.
	Params []Param
	// Tables are all tables; the host refuses any other.
	Tables []Table
	// Seed says that the plugin takes a seed, as in `--seed N`.
	Seed bool
	// Begin takes the parameters and may look at the head of the file. It is
	// called once in each instance and must always return the same job. An
	// error ends the run with the file untouched.
	Begin func(in *Input) (*Job, error)
}

// Table is a file that the user may hand to the plugin, read-only, as in
// `--table NAME=FILE`. OpenTable reads it.
type Table struct {
	// Name consists of lower-case letters, digits and hyphens.
	Name string
	// Required says that the run is refused without the table.
	Required bool
	// Doc is one line for the reader of `runner plugin inspect`.
	Doc string
}

var registered *Plugin

// Register makes p the plugin of this module. It is called once, in an init
// function: the host never calls main.
func Register(p Plugin) {
	if registered != nil {
		panic("runner.Register was called twice")
	}
	registered = &p
}

// Kind says what the value of a parameter looks like.
type Kind uint8

// The kinds of parameters. The order is that of the contract.
const (
	KindText Kind = iota
	KindInteger
	KindBoolean
	KindSecret
	KindBytes
	KindChoice
)

// String is the kind as in messages: "an integer".
func (k Kind) String() string {
	return [...]string{"a text", "an integer", "a boolean", "a secret", "bytes", "a choice"}[k]
}

// Param is one parameter that a plugin takes, as in `--set NAME=VALUE`. Make
// it with Text, Integer, Boolean, Bytes, Secret or Choice.
type Param struct {
	name, doc         string
	kind              Kind
	required, repeats bool
	fromFile          bool
	hasDefault        bool
	fallback          string
	choices           []string
}

// Text is a parameter that takes any text.
func Text(name, doc string) Param { return Param{name: name, doc: doc, kind: KindText} }

// Integer is a parameter that takes a signed 64-bit decimal integer.
func Integer(name, doc string) Param { return Param{name: name, doc: doc, kind: KindInteger} }

// Boolean is a parameter that takes `true` or `false`.
func Boolean(name, doc string) Param { return Param{name: name, doc: doc, kind: KindBoolean} }

// Secret is a parameter that takes a text that is neither shown nor stored.
func Secret(name, doc string) Param { return Param{name: name, doc: doc, kind: KindSecret} }

// Bytes is a parameter that takes a text in which `\n`, `\r`, `\t`, `\0`, `\\`,
// `\xHH` and `\u{H..}` stand for bytes.
func Bytes(name, doc string) Param { return Param{name: name, doc: doc, kind: KindBytes} }

// Choice is a parameter that takes one of the given words.
func Choice(name, doc string, words ...string) Param {
	return Param{name: name, doc: doc, kind: KindChoice, choices: words}
}

// Required returns the same parameter; the run is refused without it.
func (p Param) Required() Param { p.required = true; return p }

// Default returns the same parameter with the value that it has when the user
// gives none, written as the user would write it.
func (p Param) Default(value string) Param { p.hasDefault, p.fallback = true, value; return p }

// Repeats returns the same parameter, which may be given several times.
func (p Param) Repeats() Param { p.repeats = true; return p }

// FromFile returns the same parameter, for which `@PATH` stands for the
// content of that file, and `@@` for a text that begins with `@`.
func (p Param) FromFile() Param { p.fromFile = true; return p }
