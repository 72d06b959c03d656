//! A private MariaDB.

use std::path::Path;
use std::process::Command;

use crate::generate::{Random, hex};
use crate::model::Rows;
use crate::postgres::parse;
use crate::server::{Server, is_installed, run};

const USER: &str = "mysql";

pub(crate) struct MariaDb {
    server: Server,
}

const COLUMNS: &[&str] = &[
    "id",
    "email",
    "`full name`",
    "note",
    "balance",
    "ratio",
    "flag",
    "born",
    "seen",
    "kind",
    "data",
    "bits + 0",
    "doc",
];

impl MariaDb {
    pub(crate) fn start() -> Option<Self> {
        let needed = [
            "/usr/bin/mariadb-install-db",
            "/usr/sbin/mariadbd",
            "/usr/bin/mariadb-dump",
            "/usr/bin/mariadb",
        ];
        let needed = needed.map(Path::new);
        if !is_installed("MariaDB (Debian: mariadb-server)", &needed) {
            return None;
        }
        let mut server = Server::new("my", USER);
        let data = server.folder.join("data");
        let mut command = Server::command(needed[0], USER);
        command.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
        command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        run(&mut command, b"");
        let mut command = Server::command(needed[1], USER);
        command.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
        command.arg(format!("--socket={}", server.folder.join("s").display()));
        command.arg(format!("--pid-file={}", server.folder.join("pid").display()));
        command.args([
            "--skip-networking",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-log-bin",
            "--innodb-flush-method=nosync",
            "--innodb-doublewrite=0",
        ]);
        let folder = server.folder.clone();
        server.start(&mut command, || {
            let mut probe = client("mariadb", &folder);
            probe.args(["-e", "SELECT 1"]);
            probe
        });
        Some(Self { server })
    }

    fn query(&self, database: &str, script: &[u8]) -> Vec<u8> {
        let mut command = client("mariadb", &self.server.folder);
        command.args(["-N", "-B", "--binary-mode=0", database]);
        run(&mut command, script)
    }

    /// Makes the tables, with values that need no escapes in this script.
    pub(crate) fn create(&self) {
        let mut random = Random(11);
        let mut script = SCHEMA.to_owned();
        for table in ["users", "other"] {
            for id in 1..=150 {
                script.push_str(&row(table, id, &mut random));
            }
        }
        self.query("mysql", b"CREATE DATABASE source CHARACTER SET utf8mb4");
        self.query("source", script.as_bytes());
    }

    pub(crate) fn dump(&self, options: &[&str]) -> Vec<u8> {
        let mut command = client("mariadb-dump", &self.server.folder);
        command.args(options).arg("source");
        run(&mut command, b"")
    }

    /// Loads a dump, and returns the rows of `users`.
    pub(crate) fn reload(&self, dump: &[u8]) -> Rows {
        self.query("mysql", b"DROP DATABASE IF EXISTS target; CREATE DATABASE target CHARACTER SET utf8mb4");
        self.query("target", dump);
        let other = b"SELECT id, HEX(email), HEX(note), HEX(data), HEX(doc) FROM other ORDER BY id";
        assert_eq!(self.query("source", other), self.query("target", other), "the other table");
        self.rows("target")
    }

    pub(crate) fn rows(&self, database: &str) -> Rows {
        let columns: Vec<_> = COLUMNS.iter().map(|column| format!("HEX(CONCAT({column}))")).collect();
        let query = format!("SELECT {} FROM users ORDER BY users.id", columns.join(", "));
        parse(&self.query(database, query.as_bytes()))
    }
}

fn client(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--no-defaults").arg(format!("--socket={}", folder.join("s").display()));
    command.args(["--user=root", "--default-character-set=utf8mb4"]);
    command
}

fn row(table: &str, id: usize, random: &mut Random) -> String {
    let nulls: Vec<bool> = (0..13).map(|_| random.once_in(6)).collect();
    let text = |random: &mut Random, most| {
        format!("CONVERT(X'{}' USING utf8mb4)", hex(random.text(most).as_bytes()))
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
        ["1e300", "-0.25", "3"][random.below(3)].into(),
        random.below(2).to_string(),
        format!("'{}-{:02}-{:02}'", 1900 + random.below(130), 1 + random.below(12), 1 + random.below(28)),
        format!("'2024-01-{:02} 10:00:00'", 1 + random.below(28)),
        ["'a'", "'o''k'"][random.below(2)].into(),
        format!("X'{}'", hex(&random.bytes(12))),
        format!("b'{:05b}'", random.below(32)),
        format!("JSON_OBJECT('k', {})", text(random, 6)),
    ];
    let values: Vec<_> = values
        .into_iter()
        .zip(nulls)
        .enumerate()
        .map(|(at, (value, is_null))| if is_null && at > 0 { "NULL".into() } else { value })
        .collect();
    format!(
        "INSERT INTO {table} (id, email, `full name`, note, balance, ratio, flag, born, seen, kind, data, bits, doc) VALUES ({});\n",
        values.join(", ")
    )
}

const SCHEMA: &str = r"
SET sql_mode = '';
CREATE TABLE users (
    id int PRIMARY KEY, email text, `full name` varchar(200) COMMENT 'a, (b', note text, balance decimal(12,2),
    ratio double, flag tinyint(1), born date, seen datetime, kind enum('a', 'o''k'), data blob, bits bit(5), doc json,
    `upper` varchar(100) GENERATED ALWAYS AS (left(`full name`, 20)) VIRTUAL, KEY k (`full name`)
);
CREATE TABLE other LIKE users;
CREATE VIEW v AS SELECT email, 'INSERT INTO users VALUES' AS x FROM users;
CREATE TABLE log (email text);
DELIMITER ;;
CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW BEGIN
    -- it's a comment
    IF NEW.email = 'x;' THEN INSERT INTO users (id, email) VALUES (-1, 'it''s'); END IF;
END ;;
CREATE PROCEDURE p() BEGIN INSERT INTO users (id, email) VALUES (-2, 'x'); /* it's */ END ;;
DELIMITER ;
";
