//! The report of `--profile`.

use std::time::Duration;

use runner_pipeline::escape::Page;
use runner_pipeline::profile::{Place, Spent};
use serde_json::json;

use super::Reporter;

impl Reporter {
    /// Reports how long each stage took, out of `total`.
    pub(crate) fn profile(&self, total: Duration, spent: &[Spent]) {
        let ms = total.as_secs_f64() * 1e3;
        // The result of the run has been reported already.
        let _ = self.tell(|| json!({ "event": "profile", "ms": ms, "stages": spent }), || table(ms, spent));
    }
}

/// The stages of each place, with their shares of the total time.
fn table(total_ms: f64, spent: &[Spent]) -> Page {
    let places = [
        (Place::Driver, "the run, from start to end"),
        (Place::Worker, "workers of the scan, all together"),
        (Place::Collector, "collector of the scan"),
    ];
    let mut table = Page::of(format_args!("profile of {total_ms:.1} ms"));
    for (place, title) in places {
        let mut stages = spent.iter().filter(|spent| spent.place == place).peekable();
        if stages.peek().is_none() {
            continue;
        }
        table.line(format_args!("  {title}"));
        table.line("        ms      %    spans  stage");
        for Spent { stage, ms, spans, .. } in stages {
            let (share, name, about) = (100.0 * ms / total_ms, stage.name(), stage.about());
            table.line(format_args!("{ms:>10.1} {share:>6.1} {spans:>8}  {name:<13} {about}"));
        }
    }
    table
}
