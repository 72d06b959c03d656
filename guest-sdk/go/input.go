package runner

// Value is one value of a parameter.
type Value struct {
	// Name is the parameter's.
	Name string
	// Kind is KindText (for texts, secrets and choices), KindBytes,
	// KindInteger or KindBoolean. It says which of the following is set.
	Kind    Kind
	Text    string
	Bytes   []byte
	Integer int64
	Boolean bool
}

// Input is what Begin learns: the parameters, and the head of the file.
type Input struct {
	// Values are all values in the order in which they were given, defaults
	// included. A parameter with several values comes several times.
	Values []Value
	// HasSize says whether the size is known. That of a stream is not.
	HasSize bool
	// Size is the size of the file in bytes, or -1 if it is not known.
	Size int64
	// Head is the first 64 KiB of the file, or the whole of a shorter one. Of
	// a stream it is what arrived before its first pause.
	Head []byte
	// Seed is the seed, if HasSeed is set.
	Seed uint64
	// HasSeed says that the manifest takes a seed and the user gave one.
	HasSeed bool
}

// Has says whether a parameter has a value: given by the user or by default.
func (in *Input) Has(name string) bool {
	for i := range in.Values {
		if in.Values[i].Name == name {
			return true
		}
	}
	return false
}

// Text returns the text of a parameter made by Text, Secret or Choice: the
// first one if it repeats, "" if it is absent. This and the other functions
// that read parameters panic if the parameter is not declared, or has another
// kind: the user sees the message, the file and the line.
func (in *Input) Text(name string) string { return first(in, name, KindText).Text }

// Texts returns all texts of a parameter, in the order in which they were given.
func (in *Input) Texts(name string) []string {
	var all []string
	in.each(name, KindText, func(v *Value) { all = append(all, v.Text) })
	return all
}

// Integer returns the value of a parameter made by Integer; 0 if it is absent.
func (in *Input) Integer(name string) int64 { return first(in, name, KindInteger).Integer }

// Integers returns all values of a parameter made by Integer.
func (in *Input) Integers(name string) []int64 {
	var all []int64
	in.each(name, KindInteger, func(v *Value) { all = append(all, v.Integer) })
	return all
}

// Boolean returns the value of a parameter made by Boolean; false if it is
// absent.
func (in *Input) Boolean(name string) bool { return first(in, name, KindBoolean).Boolean }

// Booleans returns all values of a parameter made by Boolean.
func (in *Input) Booleans(name string) []bool {
	var all []bool
	in.each(name, KindBoolean, func(v *Value) { all = append(all, v.Boolean) })
	return all
}

// Bytes returns the value of a parameter made by Bytes; nil if it is absent.
func (in *Input) Bytes(name string) []byte { return first(in, name, KindBytes).Bytes }

// AllBytes returns all values of a parameter made by Bytes.
func (in *Input) AllBytes(name string) [][]byte {
	var all [][]byte
	in.each(name, KindBytes, func(v *Value) { all = append(all, v.Bytes) })
	return all
}

func first(in *Input, name string, kind Kind) (found Value) {
	seen := false
	in.each(name, kind, func(v *Value) {
		if !seen {
			found, seen = *v, true
		}
	})
	return found
}

// each calls f for the values of a parameter, and panics if it is not one of
// that kind.
func (in *Input) each(name string, kind Kind, f func(*Value)) {
	declared := false
	for _, p := range registered.Params {
		if p.name == name {
			declared = true
			is := p.kind
			if is == KindSecret || is == KindChoice {
				is = KindText
			}
			if is != kind {
				panic("the parameter `" + name + "` is " + p.kind.String() + ", and was read as " + kind.String())
			}
		}
	}
	if !declared {
		panic("the plugin has no parameter `" + name + "`")
	}
	for i := range in.Values {
		if in.Values[i].Name == name {
			f(&in.Values[i])
		}
	}
}
