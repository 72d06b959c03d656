//! Values with everything that a dump must escape, from a seed.

/// A generator of random numbers (xorshift64*).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    /// Whether something happens that does so once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Text of pieces that mean something in SQL, without NUL.
    pub(crate) fn text(&mut self, most: usize) -> String {
        const PIECES: &[&str] = &[
            "'",
            "''",
            "\"",
            "\\",
            "\\\\",
            "\n",
            "\r",
            "\r\n",
            "\t",
            "\u{8}",
            "\u{c}",
            "\u{b}",
            "\u{1a}",
            ";",
            ",",
            "(",
            ")",
            "--",
            "-- ",
            "#",
            "/*",
            "*/",
            "/*!",
            "$$",
            "$a$",
            "E'",
            "`",
            "\\N",
            "\\.",
            "\n\\.\n",
            "NULL",
            "ä",
            "日本",
            "🎉",
            "a",
            "e",
            "b@example.com",
            "x y",
            "0",
            "%",
            "_",
            "\\n",
            "\\0",
            "{",
            "}",
            "DELIMITER ;;",
            "),(",
            "');\n",
            " ",
        ];
        let count = self.below(most + 1);
        (0..count).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    /// Any bytes.
    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        (0..count)
            .map(
                |_| {
                    if self.once_in(3) {
                        b"'\\\n\r\0\x1a\"\t,)"[self.below(10)]
                    } else {
                        self.below(256) as u8
                    }
                },
            )
            .collect()
    }

    /// Hexadecimal digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b"0123456789abcdef"[self.below(16)])).collect()
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
