//! Uses every part of the contract, in the same way as the plugin `conform` of
//! every other language, so that their answers can be compared byte by byte.
//! It is of no other use.

use runner_plugin::{
    ByteOrder, Edits, Failure, FieldCheck, FileHead, Framing, Job, LogLevel, Manifest, ParamSpec, Params,
    Pattern, Plugin, Table, TableSpec, Value, Window, log,
};

/// What `framing` may be.
const FRAMINGS: [&str; 8] =
    ["lines", "bytes", "quoted", "fields", "fixed", "length-prefixed", "overlapping", "sequential"];

/// The plugin, for one file.
#[derive(Debug)]
pub struct Conform {
    framing: String,
    /// What the marker `@` becomes.
    told: Vec<u8>,
}

impl Plugin for Conform {
    fn describe() -> Manifest {
        Manifest::new("conform", "1.0.0", "Uses every part of the contract")
            .license("Apache-2.0")
            .param(ParamSpec::choice("framing", &FRAMINGS, "Where records end").default("lines"))
            .param(ParamSpec::text("text", "A text").default("hi"))
            .param(ParamSpec::integer("number", "A number").default("7"))
            .param(ParamSpec::boolean("flag", "A truth").default("true"))
            .param(ParamSpec::bytes("data", "Some bytes").default("\\x00\\xff"))
            .param(ParamSpec::secret("word", "A secret"))
            .param(ParamSpec::text("many", "Texts").repeats())
            .param(ParamSpec::text("file", "The content of a file").from_file())
            .table(TableSpec { name: "notes".into(), required: false, doc: "Any bytes".into() })
            .seed()
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let framing = params.required("framing")?.to_owned();
        let size = file.size.map_or("stream".to_owned(), |size| size.to_string());
        log(LogLevel::Debug, &format!("size {size}, head {}", file.head.len()));
        if let Some(at) = file.head.iter().position(|&byte| byte == b'#') {
            return Err(Failure::from("the head has a #").at(at));
        }
        // name=value for each parameter, in the order in which they came, then
        // the seed and the table.
        let mut told = Vec::new();
        for (name, value) in params.iter().filter(|(name, _)| *name != "framing") {
            told.extend_from_slice(name.as_bytes());
            told.push(b'=');
            match value {
                Value::Text(text) => told.extend_from_slice(text.as_bytes()),
                Value::Bytes(bytes) => told.extend_from_slice(bytes),
                Value::Integer(number) => told.extend_from_slice(number.to_string().as_bytes()),
                Value::Boolean(truth) => told.extend_from_slice(if *truth { b"yes" } else { b"no" }),
            }
            told.push(b'|');
        }
        match file.seed {
            Some(seed) => told.extend_from_slice(format!("seed={seed}|").as_bytes()),
            None => told.extend_from_slice(b"no seed|"),
        }
        match Table::open("notes") {
            Some(table) => {
                told.extend_from_slice(format!("notes[{}]=", table.size()).as_bytes());
                told.extend_from_slice(&table.read(1, 5));
            }
            None => told.extend_from_slice(b"no notes"),
        }
        let job = match framing.as_str() {
            "lines" => Job::new(Framing::lines())
                .prefilter(Pattern::literals_of_any_case(["a=", "b="]))
                .prefilter(Pattern::Regex("c=[0-9]+".into()))
                .prefilter(Pattern::literals(["!", "?", "@"]))
                .show_all()
                .show_empty()
                .counts(["first", "second"])
                .text()
                .deterministic(),
            "bytes" => Job::new(Framing::Bytes).ranges([0..4, 8..12]).length_preserving(),
            "quoted" => Job::new(Framing::Quoted { delimiter: b'\n', quote: b'"' })
                .prefilter(Pattern::literals(["x"])),
            "fields" => Job::new(Framing::Quoted { delimiter: b'\n', quote: b'"' }).project(b',', [0, 2]),
            "fixed" => Job::new(Framing::Fixed { header: 4, size: 8 }).length_preserving().idempotent(),
            "length-prefixed" => Job::new(Framing::LengthPrefixed {
                header: 2,
                offset: 1,
                width: 2,
                order: ByteOrder::Big,
                adjustment: 1,
                checks: vec![FieldCheck { offset: 0, width: 1, order: ByteOrder::Little, min: 1, max: 9 }],
            }),
            "overlapping" => Job::new(Framing::Overlapping { before: 2, after: 3 }),
            _ => Job::new(Framing::Sequential),
        };
        Ok((Self { framing, told }, job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        match self.framing.as_str() {
            "lines" => return self.lines(window, edits),
            // `x` becomes `y`.
            "bytes" => {
                for (at, _) in window.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'x') {
                    edits.replace(at..at + 1, b"y");
                }
            }
            // The number of bytes before each record that has an `x`.
            "quoted" => {
                let records = window.quoted(b'\n', b'"');
                for (start, record) in records.filter(|(_, record)| record.contains(&b'x')) {
                    edits.insert(start, format!("{}:", record.len()).as_bytes());
                }
            }
            // Its index and its length in place of each field.
            "fields" => {
                for (start, field, bytes) in window.shown_fields() {
                    edits
                        .replace(start..start + bytes.len(), format!("<{field}:{}>", bytes.len()).as_bytes());
                }
            }
            // The first byte of each record as the last one, too.
            "fixed" => {
                for (start, record) in window.fixed(8) {
                    edits.replace(start + record.len() - 1..start + record.len(), &record[..1]);
                }
            }
            // The length of each record, modulo 10, in its first byte.
            "length-prefixed" => {
                for (start, record) in window.length_prefixed(1, 2, ByteOrder::Big, 1) {
                    edits.replace(start..start + 1, &[(record.len() % 10) as u8]);
                }
            }
            // `abc` is deleted; so is an `x` between two blanks.
            "overlapping" => {
                let bytes = window.bytes;
                let mut at = window.owned.start;
                while at < window.owned.end {
                    if bytes[at..].starts_with(b"abc") {
                        edits.delete(at..at + 3);
                        at += 3;
                        continue;
                    }
                    if bytes[at] == b'x'
                        && at > 0
                        && bytes[at - 1] == b' '
                        && bytes.get(at + 1) == Some(&b' ')
                    {
                        edits.delete(at..at + 1);
                    }
                    at += 1;
                }
            }
            // Every whole group of four bytes is turned round, and the rest
            // deleted.
            _ => {
                let whole = window.bytes.len() / 4 * 4;
                for start in (0..whole).step_by(4) {
                    let mut group = [0; 4];
                    group.copy_from_slice(&window.bytes[start..start + 4]);
                    group.reverse();
                    edits.replace(start..start + 4, &group);
                }
                if window.last {
                    edits.delete(whole..window.bytes.len());
                    edits.consumed(window.bytes.len() as u64);
                } else {
                    edits.consumed(whole as u64);
                }
            }
        }
        Ok(())
    }
}

impl Conform {
    /// Says at the start of each line which prefilters matched, and does what a
    /// line asks for.
    fn lines(&self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        if window.first && window.last && window.bytes.is_empty() {
            edits.insert(0, b"empty");
            return Ok(());
        }
        let mut matches = window.matches.iter().peekable();
        for (start, line) in window.lines() {
            let found = matches.next_if(|found| found.start as usize == start);
            let ids = found.map_or(0, |found| found.ids);
            if ids != 0 {
                edits.insert(start, format!("{ids:x} ").as_bytes());
            }
            edits.count(0, ids & 1);
            edits.count(1, ids >> 1 & 1);
            for (at, byte) in line.iter().enumerate().map(|(at, &byte)| (start + at, byte)) {
                match byte {
                    b'!' => return Err(Failure::from("bang").at(at)),
                    b'?' => log(LogLevel::Warn, "asked"),
                    b'@' if at > start => edits.replace(at..at + 1, &self.told),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

runner_plugin::export!(Conform);
