//! Makes a proof while the groups of a file go by.

use std::ops::Range;

use super::check::merged;
use super::{Content, MAX_VALUES_BYTES, Proof, groups};
use crate::error::{Error, Kind, Result};
use crate::hash::{Cv, GROUP_BYTES};

/// What becomes of a group of the old version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It has the same value.
    Same,
    /// It has this value.
    Changed(Cv),
    /// It is moved, or follows one that is: so are all later ones.
    Moved,
}

/// Takes the groups of a file, in order, and keeps what a proof needs of them.
///
/// Memory is bounded by the greatest size of the values: where they would not fit, the
/// ranges are widened to larger subtrees.
#[derive(Debug)]
pub struct Builder {
    common: Row<Node>,
    old: Row<Cv>,
    new: Row<Cv>,
    /// Subtrees of up to `1 << coarse` groups are either unchanged or changed as a whole.
    coarse: u32,
    /// Bytes of the values of `common`.
    bytes: usize,
    limit_bytes: usize,
}

/// What is known of a subtree of both versions.
#[derive(Debug)]
enum Node {
    Same(Cv),
    Changed(Cv, Cv),
    Inner(Box<[Node; 2]>),
}

/// Subtrees side by side, the earlier ones joined as far as they can be. The last two
/// wait, because it decides whether another one follows: a tree's root is no subtree.
#[derive(Debug)]
struct Row<T> {
    subtrees: Vec<(Range<u64>, T)>,
    next: u64,
}

impl<T> Row<T> {
    fn new(start: u64) -> Self {
        Self { subtrees: Vec::new(), next: start }
    }

    fn push(&mut self, value: T, join: impl FnMut(u64, T, T) -> T) {
        self.settle(u64::MAX, join);
        self.subtrees.push((self.next..self.next + 1, value));
        self.next += 1;
    }

    /// Joins what makes an aligned subtree, unless that is the tree of `whole` groups.
    fn settle(&mut self, whole: u64, mut join: impl FnMut(u64, T, T) -> T) {
        while let [.., (left, _), (right, _)] = &self.subtrees[..] {
            let (start, count) = (left.start, right.end - left.start);
            let is_node = left.end - left.start == right.end - right.start && start % count == 0;
            if !is_node || (start, count) == (0, whole) {
                return;
            }
            let (Some((right, after)), Some((left, before))) = (self.subtrees.pop(), self.subtrees.pop())
            else {
                return;
            };
            self.subtrees.push((left.start..right.end, join(count, before, after)));
        }
    }
}

impl Row<Cv> {
    fn push_value(&mut self, value: Cv) {
        self.push(value, |_, left, right| merged(&left, &right));
    }

    /// The values of the parts of the tree of `whole` groups.
    fn values(mut self, whole: u64) -> impl Iterator<Item = Cv> {
        self.settle(whole, |_, left, right| merged(&left, &right));
        self.subtrees.into_iter().map(|(_, value)| value)
    }
}

impl Node {
    fn values(&self) -> (Cv, Cv) {
        match self {
            Self::Same(value) => (*value, *value),
            Self::Changed(old, new) => (*old, *new),
            Self::Inner(children) => {
                let [left, right] = &**children;
                let (left, right) = (left.values(), right.values());
                (merged(&left.0, &right.0), merged(&left.1, &right.1))
            }
        }
    }

    /// Bytes of its values.
    fn bytes(&self) -> usize {
        match self {
            Self::Same(_) => size_of::<Cv>(),
            Self::Changed(..) => 2 * size_of::<Cv>(),
            Self::Inner(children) => children.iter().map(Self::bytes).sum(),
        }
    }

    /// Bytes of its own values. A node that becomes a leaf has leaves as children.
    fn leaf_bytes(&self) -> usize {
        match self {
            Self::Inner(_) => 0,
            leaf => leaf.bytes(),
        }
    }

    /// The node with these children.
    fn joined(left: Self, right: Self) -> Self {
        match (&left, &right) {
            (Self::Same(left), Self::Same(right)) => Self::Same(merged(left, right)),
            (Self::Changed(old, new), Self::Changed(next_old, next_new)) => {
                Self::Changed(merged(old, next_old), merged(new, next_new))
            }
            _ => Self::Inner(Box::new([left, right])),
        }
    }

    /// The same, changed as a whole if anything has changed in it.
    fn widened(self) -> Self {
        match self {
            Self::Same(_) => self,
            _ => {
                let (old, new) = self.values();
                Self::Changed(old, new)
            }
        }
    }

    /// The same with every subtree of up to `most` groups widened.
    fn coarsened(self, count: u64, most: u64) -> Self {
        if count <= most {
            return self.widened();
        }
        match self {
            Self::Inner(children) => {
                let [left, right] = *children;
                Self::joined(left.coarsened(count / 2, most), right.coarsened(count / 2, most))
            }
            other => other,
        }
    }

    /// Appends the values, and the ranges of changed groups.
    fn write(&self, place: Range<u64>, values: &mut Vec<u8>, changed: &mut Vec<Range<u64>>) {
        match self {
            Self::Same(value) => values.extend_from_slice(value),
            Self::Changed(old, new) => {
                values.extend_from_slice(old);
                values.extend_from_slice(new);
                match changed.last_mut() {
                    Some(last) if last.end == place.start => last.end = place.end,
                    _ => changed.push(place),
                }
            }
            Self::Inner(children) => {
                let middle = place.start + (place.end - place.start) / 2;
                children[0].write(place.start..middle, values, changed);
                children[1].write(middle..place.end, values, changed);
            }
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A builder that was given no group.
    #[must_use]
    pub fn new() -> Self {
        Self::within(MAX_VALUES_BYTES)
    }

    /// The same with another bound of the values.
    pub(super) fn within(limit_bytes: usize) -> Self {
        let (common, old, new) = (Row::new(0), Row::new(0), Row::new(0));
        Self { common, old, new, coarse: 0, bytes: 0, limit_bytes }
    }

    /// Takes the next group of the old version.
    pub fn push(&mut self, before: Cv, after: After) {
        let node = match after {
            After::Moved => return self.push_moved(before),
            After::Same => Node::Same(before),
            After::Changed(after) => Node::Changed(before, after),
        };
        self.bytes += node.bytes();
        let most = 1 << self.coarse;
        let bytes = &mut self.bytes;
        self.common.push(node, joining(most, bytes));
        while self.bytes > self.limit_bytes && self.coarse < u64::BITS - 1 {
            self.coarse += 1;
            self.widen();
        }
    }

    fn push_moved(&mut self, before: Cv) {
        if self.old.subtrees.is_empty() {
            (self.old, self.new) = (Row::new(self.common.next), Row::new(self.common.next));
        }
        self.old.push_value(before);
    }

    /// Takes the next group of the new version, from the first moved one on.
    pub fn push_new(&mut self, after: Cv) {
        if self.new.subtrees.is_empty() {
            self.new.next = self.common.next;
        }
        self.new.push_value(after);
    }

    fn widen(&mut self) {
        let most = 1 << self.coarse;
        for (groups, node) in std::mem::take(&mut self.common.subtrees) {
            let node = node.coarsened(groups.end - groups.start, most);
            self.common.subtrees.push((groups, node));
        }
        self.bytes = self.common.subtrees.iter().map(|(_, node)| node.bytes()).sum();
    }

    /// The proof for two versions, all groups of which were given. `tail` is the first
    /// byte of the first moved group, if there is one in either version.
    ///
    /// # Errors
    /// [`Kind::Internal`] if the proof would not hold.
    pub fn finish(mut self, tail: Option<u64>, old: &Content, new: &Content) -> Result<Proof> {
        if tail == Some(0) {
            return Ok(Proof::of_nothing());
        }
        let (all_old, all_new) = (groups(old.size), groups(new.size));
        let whole = all_old.min(all_new);
        let most = 1 << self.coarse;
        self.common.settle(whole, joining(most, &mut self.bytes));
        let (mut values, mut changed) = (Vec::with_capacity(self.bytes), Vec::new());
        for (place, node) in &self.common.subtrees {
            node.write(place.clone(), &mut values, &mut changed);
        }
        values.extend(self.old.values(all_old).flatten());
        values.extend(self.new.values(all_new).flatten());
        if all_old <= 1 {
            values.clear();
        }
        let end = tail.unwrap_or(old.size);
        let bytes = |groups: Range<u64>| groups.start * GROUP_BYTES..(groups.end * GROUP_BYTES).min(end);
        let changed = changed.into_iter().map(bytes).collect();
        let proof = Proof { changed, tail, values };
        proof.check(old, new).map_err(|flaw| {
            Error::new(Kind::Internal, "a proof was made that does not hold").because(flaw.to_string())
        })?;
        Ok(proof)
    }
}

/// Joins two nodes, and counts the bytes that are left.
fn joining(most: u64, bytes: &mut usize) -> impl FnMut(u64, Node, Node) -> Node {
    move |count, left, right| {
        let before = left.leaf_bytes() + right.leaf_bytes();
        let node = Node::joined(left, right);
        let node = if count <= most { node.widened() } else { node };
        if let Node::Same(_) | Node::Changed(..) = node {
            *bytes = bytes.saturating_sub(before) + node.leaf_bytes();
        }
        node
    }
}
