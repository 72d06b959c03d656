//! `runner plugin list`.

use runner_pipeline::error::Result;
use runner_pipeline::escape::Page;
use runner_sandbox::Isolation;
use runner_sandbox::plugin::bundled;
use runner_store::folder::{self, Folder};

use super::admission::by;
use super::vouching::say_granted;
use crate::Outcome;
use crate::loaded_plugin::{limits, load};
use crate::report::Reporter;

/// Lists the bundled plugins, and those that are installed, which are not run.
///
/// # Errors
/// If the store cannot be read; any I/O error.
pub(super) fn list(reporter: &Reporter) -> Result<Outcome> {
    let mut page = Page::default();
    for bundled in bundled::ALL {
        let plugin = load(bundled.name, limits()?, Isolation::COMPILE_DEADLINE, reporter)?;
        let manifest = plugin.manifest();
        page.line(format_args!("{:<10} {:<8} {}", bundled.name, manifest.version, manifest.summary));
    }
    // Who has no folder for plugins has none installed.
    let folder = folder::path().ok().map(|path| Folder::open(&path)).transpose()?.flatten();
    let index = folder.map(|folder| folder.store().index()).transpose()?.unwrap_or_default();
    for plugin in index.plugins() {
        page.line("");
        page.line(format_args!("{}  {}", plugin.id, plugin.summary));
        page.line(format_args!("    digest {}, {}", plugin.blake3, by(plugin)));
        say_granted(plugin, &mut page);
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}
