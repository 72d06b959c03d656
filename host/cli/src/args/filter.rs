//! The options of filters: WASI commands that run as plugins do.

use std::ffi::OsString;

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_sandbox::plugin::params::Given;

/// The heading of these options in the help text.
const HEADING: &str = "Filters (WASI commands, such as an awk compiled to WebAssembly)";

/// What a filter can be told. These are parameters, so patches hold them.
#[derive(Debug, Default, ArgGroup)]
pub(crate) struct FilterArgs {
    /// What a record is: lines, null (each ends with a zero byte), csv (lines outside quotes), or
    /// delimited:HEX, such as delimited:0d0a [default: lines]
    #[arg(long, value_name = "FRAMING", help_heading = HEADING)]
    framing: Option<String>,
    /// Show the filter only records that match this regular expression; needs --stateless
    #[arg(long, value_name = "REGEX", help_heading = HEADING)]
    only: Option<String>,
    /// The filter changes each record by itself, whatever stands before and after it: so windows run in
    /// parallel, each in a fresh instance. Without this option, one instance reads the whole file
    #[arg(long, help_heading = HEADING)]
    stateless: bool,
    /// An exit code of the filter that is no failure, such as 1 for grep; repeat the option for each
    #[arg(long, value_name = "CODE", help_heading = HEADING)]
    ok_exit: Vec<u8>,
    /// What stands after `--`.
    #[arg(skip)]
    pub(crate) arguments: Vec<OsString>,
}

/// What stands after `--`. The command line wants it after all other arguments.
#[derive(Debug, Default, ArgGroup)]
pub(crate) struct AfterHyphens {
    /// Arguments of a filter. Where there is no FILE before `--`, these are files, whatever their names
    /// begin with
    #[arg(last = true, value_name = "ARG")]
    arguments: Vec<OsString>,
}

impl AfterHyphens {
    /// Takes all of it.
    pub(crate) fn take(&mut self) -> Vec<OsString> {
        std::mem::take(&mut self.arguments)
    }
}

impl FilterArgs {
    /// The first of these options that is given, for messages.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let options = [
            ("`--framing` is", self.framing.is_some()),
            ("`--only` is", self.only.is_some()),
            ("`--stateless` is", self.stateless),
            ("`--ok-exit` is", !self.ok_exit.is_empty()),
            ("arguments after `--` are", !self.arguments.is_empty()),
        ];
        options.into_iter().find_map(|(name, is_given)| is_given.then_some(name))
    }

    /// The options as parameters.
    ///
    /// # Errors
    /// If an argument is not UTF-8.
    pub(crate) fn params(&self) -> Result<Vec<Given>> {
        let mut params = Vec::new();
        let mut set = |name: &str, value: &str| params.push(Given::set(name, value));
        for argument in &self.arguments {
            let not_text = || Error::new(Kind::Usage, "an argument of the filter is not UTF-8");
            set("arg", argument.to_str().ok_or_else(not_text)?);
        }
        self.framing.iter().for_each(|framing| set("framing", framing));
        self.only.iter().for_each(|only| set("only", only));
        self.ok_exit.iter().for_each(|code| set("ok-exit", &code.to_string()));
        if self.stateless {
            set("stateless", "true");
        }
        Ok(params)
    }
}
