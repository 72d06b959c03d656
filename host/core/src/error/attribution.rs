//! Names the plugin in an error.
//!
//! Windows, framings and budgets do not know which plugin they work for, so their
//! errors say "the plugin". Callers that know its name put it there.

use super::Error;
use crate::escape::escape;

/// How an error speaks of a plugin whose name it does not know.
const UNNAMED: &str = "the plugin";
/// How it begins to speak of one whose name it knows.
const NAMED: &str = "plugin `";
/// Maximum number of characters shown of a name.
const NAME_CHARS: usize = 200;

impl Error {
    /// Puts the name of the plugin where the text says "the plugin", unless the
    /// text names a plugin already. `names` are those of several plugins, with
    /// commas between them, if any of them may be meant.
    #[must_use]
    pub fn of_plugin(mut self, names: &str) -> Self {
        let what = &self.0.what;
        // "The plugins" are others.
        let is_one =
            |at: &usize| !what[at + UNNAMED.len()..].starts_with(|next: char| next.is_alphanumeric());
        let mut places = what.match_indices(UNNAMED).map(|(at, _)| at).filter(is_one);
        if let Some(at) = places.next().filter(|_| !what.contains(NAMED)) {
            let quoted: Vec<_> =
                names.split(',').map(|name| format!("`{}`", escape(name, NAME_CHARS))).collect();
            let named = match &quoted[..] {
                [one] => format!("plugin {one}"),
                all => format!("one of the plugins {}", all.join(", ")),
            };
            self.0.what.replace_range(at..at + UNNAMED.len(), &named);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn named(what: &str, names: &str) -> String {
        Error::new(Kind::Plugin, what).of_plugin(names).to_string()
    }

    #[test]
    fn a_name_is_put_once() {
        assert_eq!(named("the plugin counted 7", "a"), "plugin `a` counted 7");
        assert_eq!(named("the plugin counted 7", "a,b"), "one of the plugins `a`, `b` counted 7");
        assert_eq!(named("as the plugin says", "a\n"), "as plugin `a\\n` says");
        assert_eq!(named("plugin `a` is not the plugin", "b"), "plugin `a` is not the plugin");
        assert_eq!(named("no file", "a"), "no file");
        assert_eq!(named("the plugins before `a` agree", "b"), "the plugins before `a` agree");
    }

    #[test]
    fn the_words_of_a_plugin_stay() {
        let error = Error::new(Kind::Plugin, "failed").said("the plugin is sad").of_plugin("a");
        assert_eq!(error.to_string(), "failed: the plugin is sad");
    }
}
