//! The prototypes of `include/ev.h` and `include/event.h`, generated from the exported functions.
//!
//! cbindgen reads the definitions; here its output becomes the header's own style: grouped by the
//! switch that hides them, callbacks written out, `EV_NOEXCEPT` on what cannot unwind, C++'s
//! default arguments. A header holds the result between two marks, checked in and compared.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

const BEGIN: &str = "/* generated: begin */\n";
const END: &str = "/* generated: end */\n";

/// Set to rewrite the header instead of failing.
const BLESS: &str = "FERROEV_BLESS";

/// Arguments that C++ may leave out.
const DEFAULTS: [(&str, &str, &str); 4] = [
    ("ev_default_loop", "flags", "0"),
    ("ev_loop_new", "flags", "0"),
    ("ev_run", "flags", "0"),
    ("ev_break", "how", "EVBREAK_ONE"),
];

/// What the switch for the larger interface hides.
const API: [&str; 13] = [
    "ev_depth",
    "ev_iteration",
    "ev_pending_count",
    "ev_resume",
    "ev_set_invoke_pending_cb",
    "ev_set_io_collect_interval",
    "ev_set_loop_release_cb",
    "ev_set_timeout_collect_interval",
    "ev_set_userdata",
    "ev_suspend",
    "ev_userdata",
    "ev_verify",
    "ev_loop_callback",
];

/// The one callback type of ev.h that C knows by name.
const NAMED_CALLBACK: &str = "ev_loop_callback";

/// The one of event.h, declared there by hand: a structure above the prototypes needs it.
const DECLARED_CALLBACK: &str = "event_callback_fn";

/// Structures that C++ and version 3 know by their tags alone.
const TAGS: [&str; 4] = ["ev_loop", "event", "event_base", "timeval"];

/// Watchers that a switch hides, and the switch.
const WATCHERS: [(&str, &str); 12] = [
    ("periodic", "EV_PERIODIC_ENABLE"),
    ("signal", "EV_SIGNAL_ENABLE"),
    ("feed_signal", "EV_SIGNAL_ENABLE"),
    ("child", "EV_CHILD_ENABLE"),
    ("stat", "EV_STAT_ENABLE"),
    ("idle", "EV_IDLE_ENABLE"),
    ("prepare", "EV_PREPARE_ENABLE"),
    ("check", "EV_CHECK_ENABLE"),
    ("fork", "EV_FORK_ENABLE"),
    ("cleanup", "EV_CLEANUP_ENABLE"),
    ("embed", "EV_EMBED_ENABLE"),
    ("async", "EV_ASYNC_ENABLE"),
];

/// The style of one header.
struct Style {
    file: &'static str,
    /// What the names of its functions begin with.
    prefix: &'static str,
    /// What precedes a declaration.
    storage: &'static str,
    /// What follows the declaration of what cannot unwind.
    noexcept: &'static str,
}

const EV: Style = Style { file: "ev.h", prefix: "ev_", storage: "EV_API_DECL ", noexcept: " EV_NOEXCEPT" };

/// As libevent's: the types of its functions are known to programs.
const EVENT: Style = Style { file: "event.h", prefix: "event_", storage: "extern ", noexcept: "" };

pub fn trials() -> Vec<Trial> {
    [EV, EVENT]
        .map(|style| Trial::test(format!("prototypes::{}_is_current", style.file), move || header_is_current(&style)))
        .into()
}

fn header_is_current(style: &Style) -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = vec![root.join("src/abi.rs")];
    for entry in fs::read_dir(root.join("src/ffi"))? {
        let path = entry?.path();
        // cbindgen would follow the list of modules to all the others once more.
        if path.ends_with("mod.rs") {
            if fs::read_to_string(&path)?.contains("#[unsafe(no_mangle)]") {
                return Err("an export in src/ffi/mod.rs does not get a prototype: move it to a module".into());
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    sources.sort();
    let header = root.join("include").join(style.file);
    let text = fs::read_to_string(&header)?;
    let begin = text.find(BEGIN).ok_or("the header has lost the mark where the prototypes begin")? + BEGIN.len();
    let end = text.find(END).ok_or("the header has lost the mark where the prototypes end")?;
    let wanted = generate(style, &root.join("cbindgen.toml"), &sources)?;
    if text[begin..end] == wanted {
        return Ok(());
    }
    if std::env::var_os(BLESS).is_some() {
        fs::write(&header, format!("{}{wanted}{}", &text[..begin], &text[end..]))?;
        return Ok(());
    }
    let difference = crate::difference(text[begin..end].lines(), wanted.lines(), style.file, "src/ffi");
    let difference = if difference.is_empty() { "the order of lines".into() } else { difference };
    Err(format!(
        "the prototypes in {} are not those of src/ffi; {BLESS}=1 cargo test --test abi rewrites them:\n{difference}",
        style.file
    )
    .into())
}

/// The generated part of the header.
fn generate(style: &Style, config: &Path, sources: &[PathBuf]) -> Result<String, String> {
    let config = cbindgen::Config::from_file(config)?;
    let mut builder = cbindgen::Builder::new().with_config(config);
    let mut rust = String::new();
    for source in sources {
        builder = builder.with_src(source);
        rust += &fs::read_to_string(source).map_err(|error| format!("{}: {error}", source.display()))?;
    }
    let mut c = Vec::new();
    builder.generate().map_err(|error| error.to_string())?.write(&mut c);
    let c = String::from_utf8(c).map_err(|error| error.to_string())?;

    let mut callbacks = HashMap::new();
    let mut groups: BTreeMap<usize, (&str, Vec<String>)> = BTreeMap::new();
    let mut add = |name: &str, declaration: String| {
        let (order, switch) = switch_of(name);
        groups.entry(order).or_insert((switch, Vec::new())).1.push(declaration);
    };
    for line in c.lines() {
        let Some(line) = line.strip_suffix(';') else { continue };
        if let Some(callback) = line.strip_prefix("typedef ") {
            let Some((result, rest)) = callback.split_once("(*") else { continue };
            let (name, parameters) = rest.split_once(")(").ok_or(format!("what is: {line}"))?;
            let parameters = parameters.strip_suffix(')').ok_or(format!("what is: {line}"))?;
            let parameters: Vec<_> = split(parameters).into_iter().map(c_type).collect();
            let noexcept = if is_noexcept(&rust, name)? { style.noexcept } else { "" };
            let declare = |name: &str| format!("{}(*{name})({}){noexcept}", c_type(result), parameters.join(", "));
            if name == NAMED_CALLBACK {
                if name.starts_with(style.prefix) {
                    add(name, format!("typedef {};", declare(name)));
                }
            } else if name != DECLARED_CALLBACK {
                // The bell marks where the parameter's name goes.
                callbacks.insert(name.to_string(), declare("\x07"));
            }
        } else if let Some((head, parameters)) = line.strip_suffix(')').and_then(|line| line.split_once('(')) {
            let start = head.rfind([' ', '*']).map_or(0, |at| at + 1);
            let (result, name) = head.split_at(start);
            if !name.starts_with(style.prefix) {
                continue;
            }
            let parameters: Vec<_> =
                split(parameters).into_iter().map(|parameter| c_parameter(name, parameter, &callbacks)).collect();
            let noexcept = if is_noexcept(&rust, name)? { style.noexcept } else { "" };
            let (storage, result) = (style.storage, c_type(result));
            add(name, format!("{storage}{result}{name} ({}){noexcept};", parameters.join(", ")));
        }
    }

    let mut out = String::new();
    for (_, declarations) in groups.values() {
        if let Some(twice) = declarations.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("twice: {}", twice[0]));
        }
    }
    for (switch, declarations) in groups.values() {
        if !switch.is_empty() {
            out += &format!("\n# if {switch}\n");
        }
        for declaration in declarations {
            out += declaration;
            out += "\n";
        }
        if !switch.is_empty() {
            out += "# endif\n";
        }
    }
    Ok(out)
}

/// The switch that hides a declaration, and the order in which the groups come.
fn switch_of(name: &str) -> (usize, &'static str) {
    if name == "ev_walk" {
        return (1, "EV_WALK_ENABLE");
    }
    if API.contains(&name) {
        return (2, "EV_FEATURE_API");
    }
    let Some(name) = name.strip_prefix("ev_") else { return (0, "") };
    for (order, (watcher, switch)) in WATCHERS.into_iter().enumerate() {
        if name.strip_prefix(watcher).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')) {
            let order = WATCHERS.iter().position(|(_, other)| *other == switch).unwrap_or(order);
            return (3 + order, switch);
        }
    }
    (0, "")
}

/// Splits parameters at the commas outside parentheses.
fn split(parameters: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, byte) in parameters.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(parameters[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(parameters[start..].trim());
    parts
}

/// Structures by their tags; Rust's `loop` is a keyword, and an underscore says that a parameter is not looked at.
fn c_type(text: &str) -> String {
    let text = match text.strip_suffix("loop_") {
        Some(rest) => format!("{rest}loop"),
        None => text.to_string(),
    };
    let (constant, named) = text.strip_prefix("const ").map_or(("", text.as_str()), |rest| ("const ", rest));
    match named.split_once(" *") {
        Some((tag, rest)) if TAGS.contains(&tag) => {
            format!("{constant}struct {tag} *{}", rest.strip_prefix('_').unwrap_or(rest))
        }
        _ => text.replace(" _", " "),
    }
}

/// One parameter in the header's style.
fn c_parameter(function: &str, parameter: &str, callbacks: &HashMap<String, String>) -> String {
    if let Some((kind, name)) = parameter.split_once(' ') {
        if let Some(callback) = callbacks.get(kind) {
            return callback.replace('\x07', name);
        }
        if let Some((.., default)) = DEFAULTS.iter().find(|(of, which, _)| *of == function && *which == name_of(name)) {
            return format!("{} EV_CPP (= {default})", c_type(parameter));
        }
    }
    c_type(parameter)
}

/// The name at the end of a parameter.
fn name_of(parameter: &str) -> &str {
    parameter.rsplit([' ', '*']).next().unwrap_or(parameter)
}

/// Whether a definition is of the kind that cannot unwind, by its ABI in the source.
fn is_noexcept(rust: &str, name: &str) -> Result<bool, String> {
    let definition = [format!(" fn {name}("), format!("type {name} =")]
        .iter()
        .find_map(|start| {
            let at = rust.find(start.as_str())?;
            let line = rust[..at].rfind('\n').map_or(0, |at| at + 1);
            let end = rust[at..].find(['{', ';']).map_or(rust.len(), |length| at + length);
            Some(&rust[line..end])
        })
        .ok_or(format!("no definition of {name}"))?;
    match (definition.contains("extern \"C\" fn"), definition.contains("extern \"C-unwind\" fn")) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        // An argument's own function type is to be named in src/abi.rs, where its ABI is alone.
        _ => Err(format!("cannot tell the ABI of {name}: {definition}")),
    }
}
