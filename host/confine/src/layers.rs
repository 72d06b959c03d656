//! The layers of confinement, and which of them are in force.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A layer of confinement, in the order in which they are laid on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The process is killed when the thread that started it ends.
    DeathSignal,
    /// All descriptors are closed but those to keep.
    Descriptors,
    /// No executed program gains privileges.
    NoNewPrivileges,
    /// There are no capabilities, nor a way to get them.
    Capabilities,
    /// Nothing is allowed of what Landlock knows.
    Landlock,
    /// Resource limits.
    Limits,
    /// Only the calls of [`Calls`](crate::Calls) are allowed.
    Seccomp,
}

impl Layer {
    /// All layers, in order.
    pub const ALL: [Self; 7] = [
        Self::DeathSignal,
        Self::Descriptors,
        Self::NoNewPrivileges,
        Self::Capabilities,
        Self::Landlock,
        Self::Limits,
        Self::Seccomp,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::DeathSignal => "death-signal",
            Self::Descriptors => "descriptors",
            Self::NoNewPrivileges => "no-new-privileges",
            Self::Capabilities => "capabilities",
            Self::Landlock => "landlock",
            Self::Limits => "limits",
            Self::Seccomp => "seccomp",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a layer is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// All of it.
    Full,
    /// The kernel has an older version of it, which stops less.
    Partial,
    /// The kernel lacks it, or the policy switched it off.
    Missing,
}

impl State {
    const ALL: [Self; 3] = [Self::Full, Self::Partial, Self::Missing];

    fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Missing => "missing",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which layers are in force.
///
/// As text it is a line such as `death-signal=full landlock=partial`, with the
/// layers in order. [`FromStr`] reads it back, so that a process can report it
/// to the one that started it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers(BTreeMap<Layer, State>);

impl Layers {
    /// The state of a layer: [`State::Missing`] if nothing is known of it.
    #[must_use]
    pub fn state(&self, layer: Layer) -> State {
        self.0.get(&layer).copied().unwrap_or(State::Missing)
    }

    /// Takes over what another step reports.
    pub fn add(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// The layers that are not fully in force, in order.
    pub fn lacking(&self) -> impl Iterator<Item = (Layer, State)> + '_ {
        Layer::ALL.into_iter().map(|layer| (layer, self.state(layer))).filter(|(_, s)| *s != State::Full)
    }

    /// Whether every layer is fully in force.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.lacking().next().is_none()
    }

    pub(crate) fn set(&mut self, layer: Layer, state: State) {
        self.0.insert(layer, state);
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (layer, state)) in self.0.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            write!(f, "{space}{layer}={state}")?;
        }
        Ok(())
    }
}

/// A text is no list of layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseLayersError;

impl fmt::Display for ParseLayersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no list of layers such as `landlock=full seccomp=missing`")
    }
}

impl std::error::Error for ParseLayersError {}

impl FromStr for Layers {
    type Err = ParseLayersError;

    /// Reads what `Display` writes.
    ///
    /// # Errors
    ///
    /// Fails at an unknown layer or state, and at a layer that is named twice.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut layers = Self::default();
        for part in text.split_ascii_whitespace() {
            let (layer, state) = part.split_once('=').ok_or(ParseLayersError)?;
            let layer = Layer::ALL.into_iter().find(|l| l.name() == layer).ok_or(ParseLayersError)?;
            let state = State::ALL.into_iter().find(|s| s.name() == state).ok_or(ParseLayersError)?;
            if layers.0.insert(layer, state).is_some() {
                return Err(ParseLayersError);
            }
        }
        Ok(layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut layers = Layers::default();
        assert_eq!(layers.to_string().parse(), Ok(layers.clone()));
        layers.set(Layer::Seccomp, State::Full);
        layers.set(Layer::Landlock, State::Partial);
        assert_eq!(layers.to_string(), "landlock=partial seccomp=full");
        assert_eq!(layers.to_string().parse(), Ok(layers));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["landlock", "landlock=", "landlock=yes", "x=full", "seccomp=full seccomp=missing"] {
            assert_eq!(text.parse::<Layers>(), Err(ParseLayersError), "{text}");
        }
    }

    #[test]
    fn unknown_layers_are_missing() {
        let mut layers = Layers::default();
        assert_eq!(layers.lacking().count(), Layer::ALL.len());
        for layer in Layer::ALL {
            assert!(!layers.complete());
            layers.set(layer, State::Full);
        }
        assert!(layers.complete());
        layers.add(&"landlock=partial".parse().unwrap());
        assert_eq!(layers.lacking().collect::<Vec<_>>(), [(Layer::Landlock, State::Partial)]);
    }
}
