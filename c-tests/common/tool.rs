//! Runs a tool of the system and hands its output over as text.

use std::process::Command;

/// A command in the C locale, without what cargo and make put into the environment for themselves.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C");
    for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "PREFIX", "LIBDIR"] {
        command.env_remove(name);
    }
    command
}

/// Standard output of a command that has to succeed.
pub fn output(mut command: Command) -> Result<String, String> {
    let done = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(said);
    }
    Err(format!("{command:?}: {}\n{said}{}", done.status, String::from_utf8_lossy(&done.stderr)))
}

/// Whether the search path leads to a tool.
pub fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
