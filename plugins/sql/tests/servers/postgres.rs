//! A private PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::generate::{Random, hex};
use crate::model::Rows;
use crate::server::{Server, is_installed, run};

const USER: &str = "postgres";

pub(crate) struct Postgres {
    server: Server,
    programs: PathBuf,
}

/// The folder of the newest version that is installed.
fn programs() -> PathBuf {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| PathBuf::from("/usr/lib/postgresql/bin"))
}

/// The columns of `users` as text or bytes in hexadecimal digits, in the order
/// of the rules.
const COLUMNS: &[&str] = &[
    "id::text",
    "email",
    "\"Full \"\"Name\"",
    "note",
    "balance::text",
    "ratio::text",
    "flag::text",
    "born::text",
    "seen::text",
    "data::text",
    "blob",
    "bits::text",
    "addr::text",
    "uid::text",
    "tags::text",
];

impl Postgres {
    pub(crate) fn start() -> Option<Self> {
        let programs = programs();
        let needed = ["initdb", "postgres", "pg_dump", "psql"].map(|name| programs.join(name));
        let needed: Vec<&Path> = needed.iter().map(PathBuf::as_path).collect();
        if !is_installed("PostgreSQL (Debian: postgresql)", &needed) {
            return None;
        }
        let mut server = Server::new("pg", USER);
        let data = server.folder.join("data");
        let mut command = Server::command(needed[0], USER);
        command.args(["--no-sync", "--no-locale", "-E", "UTF8", "-A", "trust", "-U", USER, "-D"]).arg(&data);
        run(&mut command, b"");
        let mut command = Server::command(needed[1], USER);
        command.arg("-D").arg(&data).arg("-k").arg(&server.folder);
        command.args([
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
            "-c",
            "timezone=UTC",
            "-c",
            "synchronous_commit=off",
        ]);
        let folder = server.folder.clone();
        let psql = programs.join("psql");
        server.start(&mut command, || {
            let mut probe = Command::new(&psql);
            probe.arg("-h").arg(&folder).args(["-U", USER, "-c", "SELECT 1", "postgres"]);
            probe
        });
        Some(Self { server, programs })
    }

    fn psql(&self, database: &str, script: &[u8]) -> Vec<u8> {
        let mut command = Command::new(self.programs.join("psql"));
        command.arg("-h").arg(&self.server.folder);
        command.args(["-U", USER, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", database]);
        run(&mut command, script)
    }

    /// Makes the tables, with values that need no escapes in this script.
    pub(crate) fn create(&self) {
        let mut random = Random(7);
        let mut script = SCHEMA.to_owned();
        for table in ["users", "other"] {
            for id in 1..=150 {
                script.push_str(&row(table, id, &mut random));
            }
        }
        self.psql("postgres", b"CREATE DATABASE before");
        self.psql("before", script.as_bytes());
    }

    pub(crate) fn dump(&self, options: &[&str]) -> Vec<u8> {
        let mut command = Command::new(self.programs.join("pg_dump"));
        command.arg("-h").arg(&self.server.folder).args(["-U", USER]).args(options).arg("before");
        run(&mut command, b"")
    }

    /// Loads a dump, and returns the rows of `users`. The other tables must be
    /// those from before.
    pub(crate) fn reload(&self, dump: &[u8]) -> Rows {
        self.psql("postgres", b"DROP DATABASE IF EXISTS after");
        self.psql("postgres", b"CREATE DATABASE after");
        self.psql("after", dump);
        let other = |database| {
            self.psql(database, b"SELECT * FROM public.other ORDER BY id; SELECT * FROM public.\"Odd.Table\"")
        };
        // Only `ratio` was named by a wildcard.
        let blank = |text: Vec<u8>| String::from_utf8(text).expect("UTF-8");
        let (before, after) = (blank(other("before")), blank(other("after")));
        assert_eq!(before.lines().count(), after.lines().count(), "other tables");
        let generated = b"SELECT count(*) FROM users WHERE upper IS DISTINCT FROM upper(email)";
        assert_eq!(self.psql("after", generated), b"0\n");
        self.rows("after")
    }

    pub(crate) fn rows(&self, database: &str) -> Rows {
        let digits = |column: &&str| match *column {
            "blob" => "encode(blob, 'hex')".to_owned(),
            other => format!("encode(convert_to({other}, 'UTF8'), 'hex')"),
        };
        let columns: Vec<_> = COLUMNS.iter().map(digits).collect();
        let query = format!("COPY (SELECT {} FROM users ORDER BY id) TO STDOUT", columns.join(", "));
        parse(&self.psql(database, query.as_bytes()))
    }
}

/// Rows of hexadecimal digits, or `\N`, between tabs.
pub(crate) fn parse(text: &[u8]) -> Rows {
    let text = str::from_utf8(text).expect("ASCII");
    let value = |field: &str| match field {
        "\\N" | "NULL" => None,
        digits => Some(
            (0..digits.len() / 2)
                .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("digits"))
                .collect(),
        ),
    };
    text.lines().map(|line| line.split('\t').map(value).collect()).collect()
}

fn row(table: &str, id: usize, random: &mut Random) -> String {
    let mut nullable = |value: String| if random.once_in(6) { "NULL".to_owned() } else { value };
    let nulls: Vec<bool> = (0..15).map(|_| nullable(String::new()) == "NULL").collect();
    let text = |random: &mut Random, most| {
        format!("convert_from('\\x{}', 'UTF8')", hex(random.text(most).as_bytes()))
    };
    let values = [
        id.to_string(),
        text(random, 8),
        text(random, 5),
        text(random, 9),
        format!(
            "{}{}.{:02}",
            if random.once_in(3) { "-" } else { "" },
            random.below(100_000),
            random.below(100)
        ),
        ["'NaN'", "1e300", "-0.25", "'Infinity'", "3"][random.below(5)].into(),
        ["true", "false"][random.below(2)].into(),
        format!("'{}-{:02}-{:02}'", 1900 + random.below(130), 1 + random.below(12), 1 + random.below(28)),
        format!("'2024-01-{:02} 10:00:00.5+00'", 1 + random.below(28)),
        format!("jsonb_build_object('k', {}, 'n', ARRAY[1, 2])", text(random, 6)),
        format!("'\\x{}'", hex(&random.bytes(12))),
        format!("B'{:05b}'", random.below(32)),
        format!("'10.0.{}.{}'", random.below(256), random.below(256)),
        format!(
            "'{}-{}-4{}-a{}-{}'",
            random.digits(8),
            random.digits(4),
            random.digits(3),
            random.digits(3),
            random.digits(12)
        ),
        format!("ARRAY[{}, 'a,b']", text(random, 4)),
    ];
    let values: Vec<_> = values
        .into_iter()
        .zip(nulls)
        .enumerate()
        .map(|(at, (value, is_null))| if is_null && at > 0 { "NULL".into() } else { value })
        .collect();
    format!("INSERT INTO {table} VALUES ({});\n", values.join(", "))
}

const SCHEMA: &str = r#"
CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
CREATE TABLE users (
    id integer PRIMARY KEY, email text, "Full ""Name" character varying(200), note text DEFAULT 'a, (b'::text,
    balance numeric(12,2), ratio double precision, flag boolean, born date, seen timestamp with time zone,
    data jsonb, blob bytea, bits bit(5), addr inet, uid uuid, tags text[],
    upper text GENERATED ALWAYS AS (upper(email)) STORED,
    CONSTRAINT positive CHECK ((id > 0) AND (note <> 'COPY users (email) FROM stdin;'))
);
COMMENT ON TABLE users IS 'INSERT INTO users VALUES (''x'');';
CREATE TABLE other (LIKE users);
CREATE TABLE "Odd.Table" (id serial, email text, mood mood DEFAULT 'sad', exclude boolean);
INSERT INTO "Odd.Table" (email) VALUES ('keep''\'), (NULL);
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$
BEGIN
    INSERT INTO users VALUES (1, 'it''s $$'); -- a comment's quote
    RETURN $$x'$$;
END; $f$;
CREATE FUNCTION g(a integer) RETURNS integer BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 1 ELSE 2 END; SELECT 2; END;
CREATE RULE r AS ON DELETE TO "Odd.Table" DO ALSO (DELETE FROM nothing; DELETE FROM nothing);
CREATE VIEW v AS SELECT email, 'INSERT INTO users VALUES' AS x FROM users;
"#;
