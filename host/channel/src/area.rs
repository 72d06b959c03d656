//! Maps the files of a channel. All unsafe code of the crate is here.
//!
//! What a side may do with the bytes of a message depends on who writes them,
//! so there is a type for each case: [`Written`], [`Lent`] and [`Foreign`].
#![allow(unsafe_code)]

use std::os::fd::AsFd;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{io, slice};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::head::{Bells, Head};
use crate::shape::{Layout, PAGE_BYTES};

/// Where in the page before the bytes the [`Bells`] lie. The head is at 0.
const BELLS: usize = 128;
/// Where in the first page of a file the side that writes it keeps its
/// [`Tally`](crate::Tally).
const TALLY: usize = 512;
/// Where in the page before the bytes the length of a worker's notes lies.
const NOTED: usize = 1024;

const WORD_BYTES: usize = size_of::<u64>();

// Both fit where they lie.
const _: () = assert!(size_of::<Head>() <= BELLS && BELLS + size_of::<Bells>() <= PAGE_BYTES);
const _: () =
    assert!(BELLS.is_multiple_of(align_of::<Bells>()) && PAGE_BYTES.is_multiple_of(align_of::<Head>()));

/// A whole file in memory, shared with the other process.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the memory belongs to no thread. Who may access which part of it is
// up to the types below.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(file: impl AsFd, bytes: usize, access: ProtFlags) -> io::Result<Self> {
        // SAFETY: the kernel chooses the address, so no memory that is in use
        // is replaced.
        let start = unsafe { mmap(std::ptr::null_mut(), bytes, access, MapFlags::SHARED, file, 0)? };
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and every slot, which keeps it alive, is
        // gone. The call cannot fail on a mapping that exists.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

/// The head of one slot, and some bytes that belong to it: its block or its
/// messages.
///
/// Invariant: `start` and `offset` are multiples of [`PAGE_BYTES`], and
/// `start + offset + bytes`, rounded up to whole pages, is inside of the
/// mapping. The bytes of two parts do not overlap, nor do they overlap heads.
#[derive(Debug, Clone)]
struct Part {
    mapping: Arc<Mapping>,
    start: usize,
    offset: usize,
    bytes: usize,
}

impl Part {
    /// The block and the messages of each slot.
    fn map(
        file: impl AsFd,
        layout: Layout,
        access: ProtFlags,
    ) -> io::Result<impl Iterator<Item = (Self, Self)>> {
        let mapping = Arc::new(Mapping::new(file, layout.file_bytes, access)?);
        Ok((0..layout.slots).map(move |slot| {
            let part = |offset, bytes| Self {
                mapping: Arc::clone(&mapping),
                start: slot * layout.stride,
                offset,
                bytes,
            };
            let after_block = PAGE_BYTES + layout.block_bytes.next_multiple_of(PAGE_BYTES);
            (part(PAGE_BYTES, layout.block_bytes), part(after_block, layout.message_bytes))
        }))
    }

    fn at(&self, offset: usize) -> *mut u8 {
        // SAFETY: callers stay inside of the slot's pages, so inside of the
        // mapping, by the invariant.
        unsafe { self.mapping.start.as_ptr().add(self.start + offset) }
    }

    fn tally(&self) -> Number {
        Number { mapping: Arc::clone(&self.mapping), place: TALLY }
    }

    fn noted(&self) -> Number {
        Number { mapping: Arc::clone(&self.mapping), place: self.start + NOTED }
    }

    fn head(&self) -> &Head {
        // SAFETY: the address is aligned and inside of the mapping, which lives
        // as long as `self`. A head is atomics only: any bits are valid, and
        // the other process may write at any time. Nothing makes a `&mut` to
        // it.
        unsafe { &*self.at(0).cast::<Head>() }
    }

    fn bells(&self) -> &Bells {
        // SAFETY: as for the head.
        unsafe { &*self.at(BELLS).cast::<Bells>() }
    }
}

/// A number that a side keeps in the file that it writes.
#[derive(Debug, Clone)]
pub(crate) struct Number {
    mapping: Arc<Mapping>,
    /// Invariant: it is that of a page of heads, plus [`TALLY`] or [`NOTED`].
    place: usize,
}

impl Number {
    pub(crate) fn get(&self) -> &AtomicU64 {
        // SAFETY: the address is aligned and inside of a page of heads of the
        // mapping, which lives as long as `self`, and nothing else is there. The
        // other process may write at any time; any bits are valid. This process
        // only loads it if the mapping is read-only.
        unsafe { &*self.mapping.start.as_ptr().add(self.place).cast::<AtomicU64>() }
    }
}

/// Bytes that only this side writes, and the other side only reads: blocks and
/// requests at the parent, replies at the worker.
#[derive(Debug)]
pub(crate) struct Written(Part);

impl Written {
    /// The block and the messages of each slot.
    pub(crate) fn map(file: impl AsFd, layout: Layout) -> io::Result<Vec<(Self, Self)>> {
        let parts = Part::map(file, layout, ProtFlags::READ | ProtFlags::WRITE)?;
        Ok(parts.map(|(block, messages)| (Self(block), Self(messages))).collect())
    }

    pub(crate) fn head(&self) -> &Head {
        self.0.head()
    }

    pub(crate) fn bells(&self) -> &Bells {
        self.0.bells()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the bytes are inside of the mapping, which lives as long as
        // `self`. Nobody but the holder of a `&mut self` writes to them: this
        // value is the only one for these bytes in this process. The other process
        // cannot (requests), or runs the same program and does not (the worker
        // of this process's parent).
        unsafe { slice::from_raw_parts(self.0.at(self.0.offset), self.0.bytes) }
    }

    pub(crate) fn number(&self) -> Number {
        self.0.tally()
    }

    /// The length of the slot's notes.
    pub(crate) fn noted(&self) -> Number {
        self.0.noted()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; `self` is borrowed exclusively, and the
        // mapping is writable.
        unsafe { slice::from_raw_parts_mut(self.0.at(self.0.offset), self.0.bytes) }
    }
}

/// Bytes of the other side that it keeps unchanged until a request is answered:
/// blocks and requests at the worker, which trusts its parent. Mapped read-only.
#[derive(Debug)]
pub(crate) struct Lent(Part);

impl Lent {
    /// The block and the messages of each slot.
    pub(crate) fn map(file: impl AsFd, layout: Layout) -> io::Result<Vec<(Self, Self)>> {
        let parts = Part::map(file, layout, ProtFlags::READ)?;
        Ok(parts.map(|(block, messages)| (Self(block), Self(messages))).collect())
    }

    pub(crate) fn head(&self) -> &Head {
        self.0.head()
    }

    pub(crate) fn number(&self) -> Number {
        self.0.tally()
    }

    /// The bytes of the request that is out. They may be used until it is
    /// answered.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the bytes are inside of the mapping, which lives as long as
        // `self`. The parent does not write to them before the answer.
        unsafe { slice::from_raw_parts(self.0.at(self.0.offset), self.0.bytes) }
    }
}

/// Bytes that the other side may rewrite at any time: replies and notes at the
/// parent. They can only be copied.
#[derive(Debug)]
pub(crate) struct Foreign(Part);

impl Foreign {
    /// The notes and the messages of each slot. Maps the file writable, because
    /// of the bells.
    pub(crate) fn map(file: impl AsFd, layout: Layout) -> io::Result<Vec<(Self, Self)>> {
        let parts = Part::map(file, layout, ProtFlags::READ | ProtFlags::WRITE)?;
        Ok(parts.map(|(notes, messages)| (Self(notes), Self(messages))).collect())
    }

    pub(crate) fn head(&self) -> &Head {
        self.0.head()
    }

    pub(crate) fn bells(&self) -> &Bells {
        self.0.bells()
    }

    pub(crate) fn number(&self) -> Number {
        self.0.tally()
    }

    /// The length of the slot's notes.
    pub(crate) fn noted(&self) -> Number {
        self.0.noted()
    }

    pub(crate) fn limit(&self) -> usize {
        self.0.bytes
    }

    /// Makes `into` a copy of the first `length` bytes, at most
    /// the size of the area. Each byte is read once: loads of atomics are neither
    /// repeated nor invented by the compiler, as those of a plain copy may be.
    pub(crate) fn copy(&self, length: usize, into: &mut Vec<u8>) {
        assert!(length <= self.0.bytes, "the caller checks the length");
        into.resize(length, 0);
        let mut words = self.words().iter().map(|word| word.load(Ordering::Relaxed).to_ne_bytes());
        let (whole, rest) = into.as_chunks_mut::<WORD_BYTES>();
        // `whole` comes first, so that no word is read and then dropped.
        for (bytes, word) in whole.iter_mut().zip(&mut words) {
            *bytes = word;
        }
        for (byte, last) in rest.iter_mut().zip(words.next().into_iter().flatten()) {
            *byte = last;
        }
    }

    /// All bytes of the area, up to the end of its last word.
    fn words(&self) -> &[AtomicU64] {
        let words = self.0.bytes.div_ceil(WORD_BYTES);
        // SAFETY: the area is aligned to pages and takes whole pages of the
        // mapping, which lives as long as `self`. They are accessed by atomics
        // only, for which any bits are valid, whoever writes.
        unsafe { slice::from_raw_parts(self.0.at(self.0.offset).cast(), words) }
    }
}
