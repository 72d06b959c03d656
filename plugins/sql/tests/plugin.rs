//! Small files with what must come of them.

use runner_plugin::testing::run_cases;
use runner_sql::Sql;

#[test]
fn cases() {
    run_cases::<Sql>(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
}
