//! Switches that would change the layout stop the compiler with a word of advice; harmless ones compile.

use libtest_mimic::{Failed, Trial};

use crate::compilers::{self, Compiler, Header, Language};

/// Name, what is defined before the header, and a word of the advice.
const REFUSED: [(&str, &str, &str); 29] = [
    ("one_loop", "#define EV_MULTIPLICITY 0", "EV_MULTIPLICITY"),
    ("no_priorities", "#define EV_MINPRI 0\n#define EV_MAXPRI 0", "EV_MINPRI"),
    ("same_priorities", "#define EV_MINPRI 2", "EV_MINPRI"),
    ("same_priorities_max", "#define EV_MAXPRI -2", "EV_MAXPRI"),
    ("same_priorities_spelled", "#define EV_MINPRI (1)\n#define EV_MAXPRI +1", "EV_MINPRI"),
    ("no_features", "#define EV_FEATURES 0", "EV_FEATURES"),
    ("no_configuration", "#define EV_FEATURES 0x7b", "EV_FEATURES"),
    ("multiplicity_alone", "#define EV_FEATURES 0x7b\n#define EV_MULTIPLICITY 1", "EV_FEATURES"),
    ("priorities_alone", "#define EV_FEATURES 8\n#define EV_MINPRI -2\n#define EV_MAXPRI 2", "EV_FEATURES"),
    ("half_priorities", "#define EV_FEATURES 8\n#define EV_MULTIPLICITY 1\n#define EV_MINPRI -2", "EV_FEATURES"),
    (
        "restored_wrongly",
        "#define EV_FEATURES 8\n#define EV_MULTIPLICITY 0\n#define EV_MINPRI -2\n#define EV_MAXPRI 2",
        "EV_MULTIPLICITY",
    ),
    ("float_time", "#define EV_TSTAMP_T float", "EV_TSTAMP_T"),
    ("long_time", "#define EV_TSTAMP_T long", "EV_TSTAMP_T"),
    ("long_double_time", "#define EV_TSTAMP_T long double", "EV_TSTAMP_T"),
    ("unsigned_long_time", "#define EV_TSTAMP_T unsigned long", "EV_TSTAMP_T"),
    ("typedef_time", "typedef float my_time;\n#define EV_TSTAMP_T my_time", "EV_TSTAMP_T"),
    ("unsigned_long_long_time", "#define EV_TSTAMP_T unsigned long long", "EV_TSTAMP_T"),
    ("own_time", "struct t { int t; };\n#define EV_TSTAMP_T struct t", "EV_TSTAMP_T"),
    ("long_atomic", "#define EV_ATOMIC_T long", "EV_ATOMIC_T"),
    ("char_atomic", "#define EV_ATOMIC_T volatile char", "EV_ATOMIC_T"),
    ("more_common", "#define EV_COMMON int mine; void *data;", "EV_COMMON"),
    ("less_common", "#define EV_COMMON", "EV_COMMON"),
    ("other_common", "#define EV_COMMON void *self;", "EV_COMMON"),
    ("own_callback", "#define EV_CB_DECLARE(type) void (*cb)(struct type *w, int revents);", "EV_CB_DECLARE"),
    ("no_callback", "#define EV_CB_DECLARE(type)", "EV_CB_DECLARE"),
    ("wide_priority", "#define EV_DECL_PRIORITY long priority;", "layout"),
    ("two_priorities", "#define EV_DECL_PRIORITY int priority, second[4];", "layout"),
    ("packed", "#pragma pack (1)", "layout"),
    (
        "common_after_switches",
        "#define EV_COMPAT3 0\n#define EV_COMMON long tag;\n#define EV_PROTOTYPES 0",
        "EV_COMMON",
    ),
];

/// Name, and what is defined before the header.
const HARMLESS: [(&str, &str); 21] = [
    ("nothing", ""),
    (
        "no_watchers",
        "#define EV_STAT_ENABLE 0\n#define EV_ASYNC_ENABLE 0\n#define EV_EMBED_ENABLE 0\n#define EV_IDLE_ENABLE 0\n#define EV_PERIODIC_ENABLE 0\n#define EV_FORK_ENABLE 0\n#define EV_CLEANUP_ENABLE 0\n#define EV_SIGNAL_ENABLE 0\n#define EV_CHILD_ENABLE 0\n#define EV_PREPARE_ENABLE 0\n#define EV_CHECK_ENABLE 0",
    ),
    ("standalone", "#define EV_STANDALONE 1"),
    ("no_prototypes", "#define EV_PROTOTYPES 0"),
    ("no_compat3", "#define EV_COMPAT3 0"),
    ("neither", "#define EV_PROTOTYPES 0\n#define EV_COMPAT3 0"),
    ("walk", "#define EV_WALK_ENABLE 1"),
    ("small", "#define EV_FEATURES 0x7c"),
    ("smallest", "#define EV_FEATURES 4"),
    ("restored", "#define EV_FEATURES 0\n#define EV_MULTIPLICITY 1\n#define EV_MINPRI -2\n#define EV_MAXPRI 2"),
    ("multiplicity", "#define EV_MULTIPLICITY 1"),
    ("narrow", "#define EV_MINPRI -1\n#define EV_MAXPRI 0"),
    ("half", "#define EV_MINPRI 0"),
    ("double_time", "#define EV_TSTAMP_T double"),
    ("typedef_double_time", "typedef double my_time;\n#define EV_TSTAMP_T my_time"),
    ("int_atomic", "#define EV_ATOMIC_T int"),
    ("volatile_atomic", "#include <signal.h>\n#define EV_ATOMIC_T volatile sig_atomic_t"),
    ("own_invoke", "#define EV_CB_INVOKE(watcher, revents) my_invoke ((watcher), (revents))"),
    ("config_file", "#define EV_CONFIG_H \"config.h\"\n#define EV_H <ev.h>"),
    ("back_ends", "#define EV_USE_SELECT 0\n#define EV_USE_EPOLL 1\n#define EV_USE_LINUXAIO 1\n#define EV_VERIFY 0"),
    ("twice", "#include <ev.h>\n#include \"ev.h\""),
];

/// Uses what every configuration has.
const BODY: &str = "
static void on_io (EV_P_ ev_io *w, int revents) { (void)loop; (void)w; (void)revents; }
int user (void);
int user (void)
{
  ev_io io;
  ev_timer timer;
  ev_io_init (&io, on_io, 0, EV_READ);
  ev_timer_init (&timer, 0, 1., 0.);
  return ev_is_active (&io) + ev_priority (&timer) + (timer.repeat > 0.);
}
";

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, defines, word) in REFUSED {
        trials.push(Trial::test(format!("refused::{name}"), move || refused(defines, word)));
    }
    for (name, defines) in HARMLESS {
        trials.push(Trial::test(format!("harmless::{name}"), move || harmless(defines, &[])));
    }
    trials.push(Trial::test("harmless::for_size", || harmless("", &["-Os"])));
    trials
}

fn source(defines: &str) -> String {
    format!("{defines}\n#include <ev.h>\n{BODY}")
}

fn refused(defines: &str, word: &str) -> Result<(), Failed> {
    for (language, standard) in
        [(Language::C, "-std=c99"), (Language::Cpp, "-std=c++98"), (Language::Cpp, "-std=c++20")]
    {
        let output =
            Compiler::of_machine(language)?.text(Header::Ours, &[standard, "-fsyntax-only"], &source(defines))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Err(format!("{standard}: compiled").into());
        }
        let advice = said.lines().find(|line| line.contains("error") && line.contains(word) && line.contains("libev"));
        if advice.is_none() {
            return Err(format!("{standard}: no advice about {word}:\n{said}").into());
        }
    }
    Ok(())
}

fn harmless(defines: &str, options: &[&str]) -> Result<(), Failed> {
    for (language, standard) in
        [(Language::C, "-std=c99"), (Language::Cpp, "-std=c++98"), (Language::Cpp, "-std=c++20")]
    {
        let mut arguments = vec![standard, "-Wall", "-Wextra", "-pedantic", "-Werror", "-O2", "-c", "-o", "/dev/null"];
        arguments.extend(options);
        compilers::success(&Compiler::of_machine(language)?.text(Header::Ours, &arguments, &source(defines))?)?;
    }
    Ok(())
}
