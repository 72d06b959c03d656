//! The parameters of the plugin.

use runner_plugin::{Manifest, ParamSpec};

/// What a list of columns looks like, for readers.
const COLUMNS: &str = "COLUMNS are names, positions, ranges, wildcards or exclusions: \
                       `email,\"Name, full\",3,5-7,addr_*`, `!id`, `fax?`";

/// The parameter `escape`, for readers.
const ESCAPE: &str = "`none`, `mysql`, `tsv`, or one character that escapes the next one; `auto`: none, but a \
                      backslash before a delimiter or a line end is refused";

/// The plugin's description of itself.
pub(crate) fn manifest() -> Manifest {
    let text = |name, doc: &str| ParamSpec::text(name, doc);
    let choice = |name, words: &[&str], doc: &str| ParamSpec::choice(name, words, doc);
    let flag = |name, doc: &str, default| ParamSpec::boolean(name, doc).default(default);
    Manifest::new(
        "csv",
        env!("CARGO_PKG_VERSION"),
        "Masks, pseudonymises, changes or drops columns of delimited text, and deletes rows",
    )
    .param(text("mask", &format!("`COLUMNS` to fill with `*`, or `COLUMNS=KIND`. {COLUMNS}")).repeats())
    .param(
        text(
            "hash",
            "`COLUMNS` to replace with keyed pseudonyms that fit, or `COLUMNS=KIND`, `=hex`, `=fold`",
        )
        .repeats(),
    )
    .param(text("set", "`COLUMNS=VALUE`").repeats())
    .param(text("null", "`COLUMNS` to make NULL").repeats())
    .param(text("truncate", "`COLUMNS=CHARACTERS` to keep of the start").repeats())
    .param(
        text("keep-last", "`COLUMNS=CHARACTERS` to keep of the end, while `*` replaces the others").repeats(),
    )
    .param(text("map", "`COLUMNS=TABLE`, a table of old and new values").repeats().from_file())
    .param(text("replace", "`COLUMNS=/EXPRESSION/REPLACEMENT/`").repeats())
    .param(
        text("shift-date", "`COLUMNS=DAYS,by=COLUMN`: the same number of days for equal values of COLUMN")
            .repeats(),
    )
    .param(text("drop", "`COLUMNS` to remove").repeats())
    .param(
        text("delete-rows", "`COLUMN=VALUE`, `COLUMN~EXPRESSION`, `COLUMN!=VALUE` or `COLUMN!~EXPRESSION`")
            .repeats(),
    )
    .param(ParamSpec::secret(
        "key",
        "The secret key of `hash` and `shift-date`: the same key gives the same results",
    ))
    .param(ParamSpec::bytes(
        "delimiter",
        "`tab`, `auto`, or up to 16 bytes; a comma if it is absent and no line `sep=;` begins the file",
    ))
    .param(text("quote", "`none`, or one character").default("\""))
    .param(
        choice("quotes", &["strict", "lenient"], "`lenient` reads stray quotes as Python's csv does")
            .default("strict"),
    )
    .param(flag("double-quote", "Whether two quotes in a quoted field are one of its value", "true"))
    .param(text("escape", ESCAPE).default("auto"))
    .param(flag("skip-initial-space", "Whether spaces after a delimiter are no part of the value", "false"))
    .param(text("comment", "What comment lines begin with"))
    .param(ParamSpec::integer("skip", "Number of lines before the first record").default("0"))
    .param(
        choice("line-end", &["auto", "lf", "cr", "any"], "What ends records; `any` reads mixed ones")
            .default("auto"),
    )
    .param(flag("header", "Whether the first record contains the column names", "true"))
    .param(choice(
        "ragged",
        &["keep", "refuse"],
        "What happens to records with another number of fields than the first one",
    ))
    .param(text("null-words", "Unquoted fields that mean NULL, between commas").default("\\N,NULL"))
    .param(text(
        "null-word",
        "What `null` writes; by default nothing, or `\\N` with `escape=mysql` and `tsv`",
    ))
}
