//! Plugins to pack, sign and install.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::{Ran, Scratch, command, guest};

/// Replaces the first byte of each window by those at 6144.
const TEXT: &str = "
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))";

/// A plugin `guest` in a version of five characters, which writes `mark` over the
/// first byte of each window.
pub fn guest_plugin(version: &str, mark: u8) -> Vec<u8> {
    of_text(TEXT, version, mark)
}

/// The same, which takes tables with these names of five characters, and a seed if `seed`
/// is 1.
pub fn guest_with_inputs(version: &str, tables: &[&str], seed: u8) -> Vec<u8> {
    // As the canonical ABI lays out the rest of the manifest, and a `table-spec`.
    const SPECS: usize = 1280;
    const NAMES: usize = 1400;
    let word = |number: usize| {
        u32::try_from(number).unwrap().to_le_bytes().map(|byte| format!("\\{byte:02x}")).concat()
    };
    let mut text = TEXT.to_owned();
    text += &format!("(data (i32.const 40) \"{}{}\\{seed:02x}\")", word(SPECS), word(tables.len()));
    for (at, name) in tables.iter().enumerate() {
        let place = NAMES + 5 * at;
        let name_and_doc = [place, 5].map(word).concat();
        text += &format!(
            "(data (i32.const {}) \"{name_and_doc}\\00\\00\\00\\00{name_and_doc}\")",
            SPECS + 20 * at
        );
        text += &format!("(data (i32.const {place}) \"{name}\")");
    }
    of_text(&text, version, b'1')
}

fn of_text(text: &str, version: &str, mark: u8) -> Vec<u8> {
    let mut bytes = guest::build("guest", text);
    replace(&mut bytes, b"0.1.0", version.as_bytes());
    replace(&mut bytes, b"!!!!!!!!!!!!!!!!", &[mark; 16]);
    bytes
}

/// Replaces the only occurrence of some bytes by as many others.
pub fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let mut found = bytes.windows(old.len()).enumerate().filter(|(_, part)| *part == old);
    let (at, _) = found.next().expect("they are there");
    assert!(found.next().is_none(), "they are there once");
    bytes[at..at + new.len()].copy_from_slice(new);
}

/// A user with a folder for files and a store of their own.
pub struct User {
    pub scratch: Scratch,
}

impl Default for User {
    fn default() -> Self {
        Self::new()
    }
}

impl User {
    pub fn new() -> Self {
        Self { scratch: Scratch::new() }
    }

    /// The binary, in the folder.
    pub fn command(&self) -> Command {
        let mut command = command();
        command.current_dir(self.scratch.dir()).env("RUNNER_DATA_DIR", self.data());
        command
    }

    /// A user with the folders `config` and `machine`, for what is trusted and demanded.
    pub fn with_policies() -> Self {
        let user = Self::new();
        for folder in ["config", "machine"] {
            let folder = user.scratch.path(folder);
            std::fs::create_dir(&folder).unwrap();
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        user
    }

    /// The binary, in the folder, with what is trusted and demanded in `config` and
    /// `machine`.
    pub fn guarded(&self) -> Command {
        let mut command = self.command();
        command.env("RUNNER_CONFIG_DIR", self.scratch.path("config"));
        command.env("RUNNER_UNDER_TEST_MACHINE", self.scratch.path("machine"));
        command
    }

    /// The store's folder.
    pub fn data(&self) -> PathBuf {
        self.scratch.path("data")
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command().args(args).output().unwrap())
    }

    /// Runs `runner plugin`.
    pub fn plugin(&self, args: &[&str]) -> Ran {
        self.run(&[&["plugin"], args].concat())
    }

    /// Packs `acme:guest` in a version of five characters into a file.
    pub fn pack(&self, file: &str, version: &str, mark: u8) -> PathBuf {
        self.scratch.write("guest.wasm", guest_plugin(version, mark));
        self.plugin(&["package", "guest.wasm", "--namespace", "acme", "-o", file]).ok();
        std::fs::remove_file(self.scratch.path("guest.wasm")).unwrap();
        self.scratch.path(file)
    }

    /// The text of a file in the folder.
    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.scratch.path(file)).unwrap()
    }

    /// Makes a secret key without a password, and a public one beside it.
    pub fn keys(&self, file: &str) {
        self.plugin(&["keygen", file, "--no-password"]).ok();
    }

    /// What a plugin makes of a file.
    pub fn applied(&self, plugin: &str, options: &[&str]) -> Ran {
        self.scratch.write("file", "abc\n");
        self.run(&[&["apply", plugin, "file"], options].concat())
    }

    /// The first byte of a file after a run of a plugin.
    pub fn first_byte(&self, plugin: &str, options: &[&str]) -> u8 {
        self.applied(plugin, options).ok();
        std::fs::read(self.scratch.path("file")).unwrap()[0]
    }
}
