//! Compiles C and C++ with the compiler that the `cc` crate finds, and keeps what is still up to date.

use super::sanitizer::Sanitizer;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler with the flags that every test program gets. Warnings are errors.
fn compiler(cpp: bool) -> Result<Command, String> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let tool = cc::Build::new()
        .cargo_metadata(false)
        .cpp(cpp)
        .target(&triple)
        .host(&triple)
        .opt_level(2)
        .debug(true)
        .warnings(false)
        .try_get_compiler()
        .map_err(|error| format!("no compiler: {error}"))?;
    let mut command = tool.to_command();
    command.arg(if cpp { "-std=gnu++20" } else { "-std=gnu11" });
    command.args(["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]);
    if let Some(sanitizer) = Sanitizer::chosen() {
        command.arg(format!("-fsanitize={}", sanitizer.name()));
    }
    // A TEST's options may override its defaults.
    command.arg(if cpp { "-Wno-missing-field-initializers" } else { "-Wno-override-init" });
    Ok(command)
}

pub fn is_cpp(source: &Path) -> bool {
    source.extension().is_some_and(|extension| extension == "cpp")
}

/// Compiles one source file to an object file. `headers` are the directories searched for headers.
pub fn object(source: &Path, object: &Path, headers: &[PathBuf], switches: &[&str]) -> Result<(), String> {
    let mut command = compiler(is_cpp(source))?;
    command.args(switches);
    for directory in headers {
        command.arg("-I").arg(directory);
    }
    command.arg("-c").arg(source);

    let mut inputs = vec![source.to_owned()];
    for directory in headers.iter().map(PathBuf::as_path).chain(source.parent()) {
        inputs.extend(files_in(directory).into_iter().filter(|file| is_header(file)));
    }
    make(command, object, &inputs)
}

/// Compiles C files, each to an object beside the program, and links them to it against the library in `links`.
pub fn whole_program(
    sources: &[PathBuf],
    program_file: &Path,
    headers: &[PathBuf],
    links: &Path,
) -> Result<(), String> {
    let mut objects = Vec::new();
    for source in sources {
        let file = program_file.with_file_name(source.file_name().unwrap_or_default()).with_extension("o");
        object(source, &file, headers, &[])?;
        objects.push(file);
    }
    let objects: Vec<&Path> = objects.iter().map(PathBuf::as_path).collect();
    program(&objects, false, program_file, links, false)
}

/// Links objects to a program against the library in `links`.
pub fn program(objects: &[&Path], cpp: bool, program: &Path, links: &Path, lenient: bool) -> Result<(), String> {
    let mut command = compiler(cpp)?;
    command.args(objects).arg("-L").arg(links).arg("-Wl,-z,lazy");
    if lenient {
        // The reference lacks what only ours has; tests that need it are not run there.
        command.arg("-Wl,--unresolved-symbols=ignore-all");
    }
    command.args(["-lev", "-lm", "-lpthread", "-lutil", "-ldl"]);
    let mut inputs: Vec<PathBuf> = objects.iter().map(|&object| object.to_owned()).collect();
    inputs.push(links.join("libev.so"));
    make(command, program, &inputs)
}

/// Links one C object to a program, with other switches than the library's.
pub fn foreign_program(object: &Path, program: &Path, switches: &[OsString]) -> Result<(), String> {
    let mut command = compiler(false)?;
    command.arg(object).args(switches).arg("-lpthread");
    make(command, program, &[object.to_owned()])
}

/// Runs `command` with `-o output` unless the output stems from the same command and the same inputs.
fn make(mut command: Command, output: &Path, inputs: &[PathBuf]) -> Result<(), String> {
    let key = key(&command, inputs)?;
    let key_file = with_suffix(output, ".key");
    if output.exists() && fs::read_to_string(&key_file).is_ok_and(|old| old == key) {
        return Ok(());
    }
    if let Some(directory) = output.parent() {
        fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    }
    // Renamed into place: another run may be using the old one.
    let fresh = with_suffix(output, &format!(".{}", std::process::id()));
    command.arg("-o").arg(&fresh);
    let done = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{command:?}\n{said}{}", done.status));
    }
    fs::rename(&fresh, output)
        .and_then(|()| fs::write(&key_file, key))
        .map_err(|error| format!("{}: {error}", output.display()))
}

fn key(command: &Command, inputs: &[PathBuf]) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    format!("{command:?}").hash(&mut hasher);
    for input in inputs {
        let content = fs::read(input).map_err(|error| format!("{}: {error}", input.display()))?;
        (input, content).hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn is_header(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "h" || extension == "hpp")
}

/// The files of a directory in order of their names; none if there is no such directory.
pub fn files_in(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|p| p.is_file()).collect();
    files.sort();
    files
}
