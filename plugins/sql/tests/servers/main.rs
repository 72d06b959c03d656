//! Loads dumps into a real PostgreSQL and a real MariaDB before and after the
//! plugin has changed them, and compares the tables.
//!
//! The servers are private ones in a temporary folder. Where they are not
//! installed, the tests say so and pass, except under `CI=true`.

mod generate;
mod mariadb;
mod model;
mod postgres;
mod server;

use model::{Rule, compare};

/// What is done to the tables of a test, as parameters.
fn params(rules: &[Rule]) -> Vec<(&'static str, String)> {
    let mut params: Vec<_> = rules.iter().map(|rule| (rule.action, rule.text.to_owned())).collect();
    params.push(("key", model::KEY.into()));
    params
}

/// The dump after the plugin. The cut into windows must not matter.
fn changed(params: &[(&'static str, String)], dump: &[u8]) -> Vec<u8> {
    use runner_plugin::testing::{Cut, apply, edits};
    let params: Vec<_> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let edits_of = |window: usize| {
        let cut = Cut { windows: vec![window], ..Cut::default() };
        edits::<runner_sql::Sql>(&params, dump, &cut).expect("a dump")
    };
    let whole = edits_of(usize::MAX);
    assert!(whole == edits_of(10_007), "the cut matters");
    apply(dump, &whole)
}

/// Runs one dump: loads what came of it, and compares.
fn check(
    form: &str,
    (dump, rules): (&[u8], &[Rule]),
    before: &model::Rows,
    reload: impl FnOnce(&[u8]) -> model::Rows,
) {
    let after = reload(&changed(&params(rules), dump));
    compare(form, before, &after, rules);
}

const POSTGRES_RULES: &[Rule] = &[
    Rule { action: "mask", text: "users.email", column: 1, argument: "" },
    Rule { action: "hash", text: "public.users.\"Full \"\"Name\"", column: 2, argument: "" },
    Rule {
        action: "set",
        text: "users.note=it's \\ \"new\"; $$ -- /*",
        column: 3,
        argument: "it's \\ \"new\"; $$ -- /*",
    },
    Rule { action: "mask", text: "users.balance", column: 4, argument: "number" },
    Rule { action: "null", text: "*.ratio", column: 5, argument: "" },
    Rule { action: "set", text: "users.flag=false", column: 6, argument: "false" },
    Rule { action: "shift-date", text: "users.born=100,by=users.id", column: 7, argument: "100" },
    Rule {
        action: "set",
        text: "users.data={\"it's\": \"\\\\\"}",
        column: 9,
        argument: "{\"it's\": \"\\\\\"}",
    },
    Rule { action: "truncate", text: "users.blob=3", column: 10, argument: "3" },
    Rule { action: "hash", text: "users.uid", column: 13, argument: "" },
];

#[test]
fn postgres_tables_differ_only_as_asked() {
    let Some(server) = postgres::Postgres::start() else { return };
    server.create();
    let before = server.rows("before");
    for form in [
        &[][..],
        &["--inserts"],
        &["--column-inserts"],
        &["--rows-per-insert=7"],
        &["--column-inserts", "--rows-per-insert=1000", "--on-conflict-do-nothing"],
        &["--inserts", "--quote-all-identifiers"],
    ] {
        let dump = server.dump(form);
        let reload = |text: &[u8]| server.reload(text);
        check(&form.join(" "), (&dump, POSTGRES_RULES), &before, reload);
        let deletion =
            [Rule { action: "delete-rows", text: "users.email~[aeiou]", column: 1, argument: "[aeiou]" }];
        check(&form.join(" "), (&dump, &deletion), &before, reload);
    }
}

const MARIADB_RULES: &[Rule] = &[
    Rule { action: "mask", text: "users.email", column: 1, argument: "" },
    Rule { action: "hash", text: "users.full name", column: 2, argument: "" },
    Rule {
        action: "set",
        text: "users.note=it's \\ \"new\"; # -- /*",
        column: 3,
        argument: "it's \\ \"new\"; # -- /*",
    },
    Rule { action: "mask", text: "users.balance", column: 4, argument: "number" },
    Rule { action: "null", text: "*.ratio", column: 5, argument: "" },
    Rule { action: "set", text: "users.flag=0", column: 6, argument: "0" },
    Rule { action: "shift-date", text: "users.born=100,by=users.id", column: 7, argument: "100" },
    Rule { action: "set", text: "users.kind=o'k", column: 9, argument: "o'k" },
    Rule { action: "truncate", text: "users.data=3", column: 10, argument: "3" },
    Rule { action: "null", text: "users.bits", column: 11, argument: "" },
];

#[test]
fn mariadb_tables_differ_only_as_asked() {
    let Some(server) = mariadb::MariaDb::start() else { return };
    server.create();
    let before = server.rows("source");
    for form in [
        &[][..],
        &["--skip-extended-insert"],
        &["--complete-insert"],
        &["--hex-blob"],
        &["--replace", "--skip-quote-names", "--skip-comments"],
        &["--compatible=ansi", "--skip-opt", "--net-buffer-length=4096"],
        &["--insert-ignore", "--tz-utc", "--routines", "--triggers", "--events"],
    ] {
        let dump = server.dump(form);
        let reload = |text: &[u8]| server.reload(text);
        check(&form.join(" "), (&dump, MARIADB_RULES), &before, reload);
        let deletion =
            [Rule { action: "delete-rows", text: "users.email~[aeiou]", column: 1, argument: "[aeiou]" }];
        check(&form.join(" "), (&dump, &deletion), &before, reload);
    }
}
