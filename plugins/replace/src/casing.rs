//! Case conversion in a replacement: `\U \L \u \l \E`, as in sed and Perl.

/// A case to convert to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Upper,
    Lower,
}

/// An instruction in a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Converts all characters that follow.
    All(Case),
    /// Converts the next character.
    Next(Case),
    /// Ends the conversion.
    End,
}

impl Instruction {
    /// The instruction with this letter.
    pub(crate) fn of(letter: char) -> Option<Self> {
        Some(match letter {
            'U' => Self::All(Case::Upper),
            'L' => Self::All(Case::Lower),
            'u' => Self::Next(Case::Upper),
            'l' => Self::Next(Case::Lower),
            'E' => Self::End,
            _ => return None,
        })
    }
}

/// The instructions in force at a place of a replacement.
#[derive(Debug, Default)]
pub(crate) struct Casing {
    all: Option<Case>,
    next: Option<Case>,
}

impl Casing {
    pub(crate) fn obey(&mut self, instruction: Instruction) {
        match instruction {
            Instruction::All(case) => self.all = Some(case),
            Instruction::Next(case) => self.next = Some(case),
            Instruction::End => *self = Self::default(),
        }
    }

    /// Appends text, converted. Bytes that are not UTF-8 stay.
    pub(crate) fn write(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if self.all.is_none() && self.next.is_none() {
            return out.extend_from_slice(text);
        }
        for chunk in text.utf8_chunks() {
            for char in chunk.valid().chars() {
                self.write_char(char, out);
            }
            if !chunk.invalid().is_empty() {
                self.next = None;
                out.extend_from_slice(chunk.invalid());
            }
        }
    }

    fn write_char(&mut self, char: char, out: &mut Vec<u8>) {
        let mut push = |char: char| out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        match self.next.take().or(self.all) {
            Some(Case::Upper) => char.to_uppercase().for_each(push),
            Some(Case::Lower) => char.to_lowercase().for_each(push),
            None => push(char),
        }
    }
}
