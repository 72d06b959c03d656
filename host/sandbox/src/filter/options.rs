//! What can be said to a filter: parameters, as those of a plugin are, so that
//! patches, journals and reports hold them.

use runner_contract::{Framing, Job, Manifest, Param, ParamKind, ParamSpec, Pattern, Value};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

/// The names of the parameters.
const PARAMS: [&str; 5] = ["arg", "framing", "only", "stateless", "ok-exit"];
/// Maximum length of a name in a manifest.
const NAME_BYTES: usize = 64;

/// What every filter says of itself: a command says nothing.
pub(crate) fn manifest(name: &str) -> Manifest {
    let [arg, framing, only, stateless, ok_exit] = PARAMS;
    let repeats = |spec| ParamSpec { repeats: true, ..spec };
    let of_kind =
        |spec, kind, default: Option<&str>| ParamSpec { kind, default: default.map(str::to_owned), ..spec };
    let params = vec![
        repeats(ParamSpec::text(arg, "An argument of the command; those after `--` come last")),
        of_kind(
            ParamSpec::text(
                framing,
                "What a record is (`--framing`): lines, null, csv, or delimited:HEX for what ends with these bytes",
            ),
            ParamKind::Text,
            Some("lines"),
        ),
        ParamSpec::text(only, "A regular expression: only records that it matches are shown (`--only`)"),
        of_kind(
            ParamSpec::text(
                stateless,
                "Each record is changed by itself, so that windows can run in parallel (`--stateless`)",
            ),
            ParamKind::Boolean,
            Some("false"),
        ),
        repeats(of_kind(
            ParamSpec::text(ok_exit, "An exit code besides 0 that is no failure (`--ok-exit`)"),
            ParamKind::Integer,
            None,
        )),
    ];
    Manifest { params, ..Manifest::new(&plain(name), "unknown", SUMMARY).license("unknown") }
}

const SUMMARY: &str = "A filter: a WASI command, which reads records and writes records";

/// Whether a manifest is that of a filter.
pub(crate) fn is_filter(manifest: &Manifest) -> bool {
    *manifest == self::manifest(&manifest.name)
}

/// A name as manifests may have it.
fn plain(name: &str) -> String {
    let letter = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() => c,
        _ => '-',
    };
    let name: String = name.chars().take(NAME_BYTES).map(letter).collect();
    if name.is_empty() { "filter".to_owned() } else { name }
}

/// What the parameters say.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// The name of the command, and its arguments.
    pub(super) arguments: Vec<String>,
    /// Where records end.
    pub(super) framing: Framing,
    /// What ends a record.
    pub(super) terminator: Vec<u8>,
    pub(super) only: Option<String>,
    pub(super) stateless: bool,
    pub(super) ok_exits: Vec<i32>,
}

impl Options {
    /// # Errors
    /// If something is no framing or no exit code, or needs `--stateless`.
    pub(super) fn new(name: &str, params: &[Param]) -> Result<Self> {
        let lines = Framing::lines();
        let mut options = Self {
            arguments: vec![name.to_owned()],
            framing: lines,
            terminator: b"\n".to_vec(),
            only: None,
            stateless: false,
            ok_exits: Vec::new(),
        };
        let [arg, framing, only, stateless, ok_exit] = PARAMS;
        for param in params {
            match (param.name.as_str(), &param.value) {
                (name, Value::Text(text)) if name == arg => options.arguments.push(argument(text)?),
                (name, Value::Text(text)) if name == framing => {
                    (options.framing, options.terminator) = parse(text)?;
                }
                (name, Value::Text(text)) if name == only => options.only = Some(text.clone()),
                (name, Value::Boolean(truth)) if name == stateless => options.stateless = *truth,
                (name, Value::Integer(code)) if name == ok_exit => options.ok_exits.push(exit_code(*code)?),
                _ => {}
            }
        }
        if options.only.is_some() && !options.stateless {
            let what =
                "`--only` shows a filter a part of the file, which it can only change record by record";
            return Err(Error::new(Kind::Usage, what)
                .hint("if it changes each record by itself, say so with `--stateless`"));
        }
        Ok(options)
    }

    /// What is asked of each file.
    pub(super) fn job(&self) -> Job {
        if !self.stateless {
            return Job::new(Framing::Sequential).show_empty();
        }
        let job = Job::new(self.framing.clone()).deterministic();
        match &self.only {
            // The filter must know which records are neighbours.
            Some(only) => job.prefilter(Pattern::Regex(only.clone())).show_all(),
            None => job,
        }
    }
}

fn argument(text: &str) -> Result<String> {
    if text.contains('\0') {
        return Err(Error::new(Kind::Usage, "an argument of a filter contains a zero byte"));
    }
    Ok(text.to_owned())
}

fn exit_code(code: i64) -> Result<i32> {
    match i32::try_from(code) {
        Ok(code @ 1..=255) => Ok(code),
        _ => Err(Error::new(Kind::Usage, format!("`--ok-exit` must be 1 to 255, unlike {code}"))),
    }
}

/// A framing, and what ends a record of it.
fn parse(text: &str) -> Result<(Framing, Vec<u8>)> {
    let delimited = |terminator: Vec<u8>| (Framing::Delimited(terminator.clone()), terminator);
    let (framing, terminator) = match text.split_once(':') {
        None if text == "lines" => delimited(b"\n".to_vec()),
        None if text == "null" => delimited(b"\0".to_vec()),
        None if text == "csv" => (Framing::Quoted { delimiter: b'\n', quote: b'"' }, b"\n".to_vec()),
        Some(("delimited", hex)) if is_hex(hex) => delimited(bytes(hex)),
        _ => {
            let what = format!("`{}` is no framing of a filter", shown(text));
            return Err(Error::new(Kind::Usage, what)
                .hint("it is lines, null, csv, or delimited:HEX, such as delimited:0d0a"));
        }
    };
    framing.validate().map_err(|why| {
        Error::new(Kind::Usage, format!("`{}` is no framing of a filter", shown(text))).because(why)
    })?;
    Ok((framing, terminator))
}

fn is_hex(text: &str) -> bool {
    let whole = text.len().is_multiple_of(2) && (1..=255).contains(&(text.len() / 2));
    whole && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or_default() as u8;
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(params: &[(&str, Value)]) -> Result<Options> {
        let param = |(name, value): &(&str, Value)| Param {
            name: (*name).to_owned(),
            value: value.clone(),
            given: String::new(),
            secret: false,
        };
        Options::new("it", &params.iter().map(param).collect::<Vec<_>>())
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_name_becomes_one_that_manifests_have() {
        assert_eq!(manifest("Gawk_5.1").name, "gawk-5-1");
        assert_eq!(manifest("").name, "filter");
        let long = manifest(&"x".repeat(100));
        assert_eq!(crate::manifest::check(long.clone()), Ok(long));
        assert!(is_filter(&manifest("a")) && !is_filter(&Manifest::new("a", "1.0.0", "s")));
    }

    #[test]
    fn framings_have_a_terminator() {
        let of = |name: &str| options(&[("framing", text(name))]).map(|options| options.terminator);
        assert_eq!(of("lines").unwrap(), b"\n");
        assert_eq!(of("delimited:0d0A").unwrap(), b"\r\n");
        for bad in [
            "",
            "delimited:",
            "delimited:0",
            "delimited:zz",
            "line",
            &format!("delimited:{}", "00".repeat(256)),
        ] {
            assert!(of(bad).unwrap_err().to_string().contains("is no framing"), "{bad}");
        }
    }

    #[test]
    fn a_part_of_the_file_is_shown_only_to_one_without_state() {
        let only = ("only", text("x"));
        assert!(options(std::slice::from_ref(&only)).unwrap_err().hints()[0].contains("--stateless"));
        let options = options(&[only, ("stateless", Value::Boolean(true))]).unwrap();
        assert!(options.job().show_all && options.job().validate().is_ok());
        assert!(super::tests::options(&[("ok-exit", Value::Integer(0))]).is_err());
    }
}
