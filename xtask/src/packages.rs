//! Installing Debian packages.

use std::process::Command;

use crate::shell;

/// Installs packages with `apt-get`.
///
/// # Errors
///
/// Fails without `apt-get`, without root privileges, or if `apt-get` fails.
pub fn install(packages: &[&str]) -> Result<(), String> {
    let is_root = shell::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let has_apt = shell::output(Command::new("apt-get").arg("--version")).is_ok();
    if !is_root || !has_apt {
        return Err(format!("on Debian, as root, run `apt-get install {}`", packages.join(" ")));
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    shell::run(apt().args(["update", "--quiet"]))?;
    let options = ["install", "--quiet", "--yes", "--no-install-recommends"];
    shell::run(apt().args(options).args(packages))
}
