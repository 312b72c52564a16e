//! Every field's offset, every size and every constant: the Rust types against the headers.

use core::ffi::{c_int, c_uint, c_void};
use core::mem::{align_of, offset_of, size_of};
use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use static_assertions::{
    assert_eq_align, assert_eq_size, assert_fields, assert_type_eq_all, const_assert, const_assert_eq,
};

use crate::abi::*;
use crate::bindings::{Bindings, Structure};
use crate::compilers::{self, Compiler, Header, Language};

// What holds at compile time, without any header.
assert_type_eq_all!(ev_tstamp, f64);
assert_type_eq_all!(ev_statdata, libc::stat);
assert_eq_size!(ev_any_watcher, ev_stat);
assert_eq_size!(ev_watcher, ev_idle, ev_prepare, ev_check, ev_fork, ev_cleanup, [u8; 32]);
assert_eq_size!(ev_watcher_list, ev_watcher_time, ev_async, [u8; 40]);
assert_eq_size!(ev_io, ev_timer, ev_signal, [u8; 48]);
assert_eq_size!(ev_watcher_cb<ev_io>, ev_once_cb, ev_reschedule_cb, ev_allocator, *mut c_void);
assert_eq_align!(ev_watcher, ev_io, ev_stat, ev_embed, ev_any_watcher, *mut c_void);
assert_fields!(ev_stat: timer, interval, path, prev, attr, wd);
assert_fields!(ev_embed: other, io, prepare, check, timer, periodic, idle, fork, cleanup);
const_assert!(EV_MINPRI < 0 && EV_MAXPRI > 0 && EV_ERROR < 0);
const_assert_eq!(EVBACKEND_ALL & EVBACKEND_MASK, EVBACKEND_ALL);
const_assert_eq!(EV_TIMEOUT, EV_TIMER);
assert_type_eq_all!(ev_watcher_cb<ev_io>, Option<unsafe extern "C-unwind" fn(*mut ev_loop, *mut ev_io, c_int)>);

/// The headers that there may be, by name.
const HEADERS: [(&str, Header); 4] = [
    ("our_header", Header::Ours),
    ("reference_header", Header::Reference),
    ("our_event_header", Header::OurEvent),
    ("reference_event_header", Header::ReferenceEvent),
];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, header) in HEADERS {
        for (what, test) in [("rust_against", rust_against as Test), ("static_asserts_on", static_asserts)] {
            let trial = format!("layout::{what}_{name}");
            trials
                .push(Trial::test(trial.clone(), move || if header.is_there(&trial) { test(header) } else { Ok(()) }));
        }
    }
    trials
}

type Test = fn(Header) -> Result<(), Failed>;

fn static_asserts(header: Header) -> Result<(), Failed> {
    let source = compilers::root().join("c-tests/abi/layout.c");
    let include = format!("-DHEADER=<{}>", header.file());
    let arguments = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", &include];
    Ok(compilers::success(&Compiler::of_machine(Language::C)?.file(header, &arguments, &source)?)?)
}

fn rust_against(header: Header) -> Result<(), Failed> {
    let bindings = Bindings::read(header, &[])?;
    let mut wrong = String::new();

    let events = header.file() == "event.h";
    let mut ours = structures();
    if events {
        ours.extend(event_structures());
    }
    for (name, structure) in &ours {
        match bindings.structures.get(*name) {
            None => wrong += &format!("the header has no {name}\n"),
            Some(theirs) if theirs != structure => {
                wrong += &format!("{name}:\n  in Rust {structure:?}\n  in C    {theirs:?}\n");
            }
            Some(_) => {}
        }
    }
    for name in bindings.structures.keys().filter(|name| !ours.contains_key(name.as_str())) {
        wrong += &format!("Rust has no {name}\n");
    }

    let mut constants = constants();
    if events {
        constants.extend(event_constants());
    }
    for (name, value) in &constants {
        // These are expressions of macros, which layout.c compares.
        if ["EV_MINPRI", "EV_MAXPRI"].contains(name) {
            continue;
        }
        match bindings.constants.get(*name) {
            Some(theirs) if theirs == value => {}
            theirs => wrong += &format!("{name} is {value} in Rust, {theirs:?} in C\n"),
        }
    }
    for name in bindings.constants.keys().filter(|name| !constants.contains_key(name.as_str())) {
        // The header's switches have no meaning in Rust, nor has libevent's log.
        if !(name.starts_with("_EVENT_LOG_")
            || name.ends_with("_ENABLE")
            || name.starts_with("EV_FEATURE")
            || SWITCHES.contains(&name.as_str()))
        {
            wrong += &format!("Rust has no {name}\n");
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

const SWITCHES: [&str; 3] = ["EV_COMPAT3", "EV_PROTOTYPES", "EV_MULTIPLICITY"];

macro_rules! structure {
    ($all:ident, $type:ident: $($field:ident)*) => {
        let fields = [$((stringify!($field).to_string(), offset_of!($type, $field))),*].into();
        let structure = Structure { size: size_of::<$type>(), alignment: align_of::<$type>(), fields };
        $all.insert(stringify!($type), structure);
    };
}

macro_rules! watcher {
    ($all:ident, $type:ident: $($field:ident)*) => {
        structure!($all, $type: active pending priority data cb $($field)*)
    };
}

/// The layouts as Rust sees them, under the names of C.
fn structures() -> BTreeMap<&'static str, Structure> {
    let mut all = BTreeMap::new();
    watcher!(all, ev_watcher:);
    watcher!(all, ev_watcher_list: next);
    watcher!(all, ev_watcher_time: at);
    watcher!(all, ev_io: next fd events);
    watcher!(all, ev_timer: at repeat);
    watcher!(all, ev_periodic: at offset interval reschedule_cb);
    watcher!(all, ev_signal: next signum);
    watcher!(all, ev_child: next flags pid rpid rstatus);
    watcher!(all, ev_stat: next timer interval path prev attr wd);
    watcher!(all, ev_idle:);
    watcher!(all, ev_prepare:);
    watcher!(all, ev_check:);
    watcher!(all, ev_fork:);
    watcher!(all, ev_cleanup:);
    watcher!(all, ev_embed: other io prepare check timer periodic idle fork cleanup);
    watcher!(all, ev_async: sent);
    structure!(all, ev_any_watcher: w wl io timer periodic signal child stat idle prepare check fork cleanup embed async_);
    all
}

/// Those of events. The union within one has no name in C.
fn event_structures() -> BTreeMap<&'static str, Structure> {
    let mut all = BTreeMap::new();
    structure!(all, event: iosig to ev_base ev_callback ev_arg ev_fd ev_pri ev_res ev_flags ev_events);
    structure!(all, event_iosig: io sig);
    let union = all.remove("event_iosig").unwrap_or_default();
    all.insert("event__bindgen_ty_1", union);
    all
}

macro_rules! constants {
    ($type:ty: $($name:ident)*) => {
        [$((stringify!($name), { let value: $type = $name; i64::from(value) })),*]
    };
}

/// The constants as Rust sees them.
fn constants() -> BTreeMap<&'static str, i64> {
    let events = constants!(c_int: EV_UNDEF EV_NONE EV_READ EV_WRITE EV__IOFDSET EV_IO EV_TIMER EV_TIMEOUT EV_PERIODIC
        EV_SIGNAL EV_CHILD EV_STAT EV_IDLE EV_PREPARE EV_CHECK EV_EMBED EV_FORK EV_CLEANUP EV_ASYNC EV_CUSTOM EV_ERROR);
    let flags = constants!(c_uint: EVFLAG_AUTO EVFLAG_NOENV EVFLAG_FORKCHECK EVFLAG_NOINOTIFY EVFLAG_NOSIGFD
        EVFLAG_SIGNALFD EVFLAG_NOSIGMASK EVFLAG_NOTIMERFD);
    let backends = constants!(c_uint: EVBACKEND_SELECT EVBACKEND_POLL EVBACKEND_EPOLL EVBACKEND_KQUEUE EVBACKEND_DEVPOLL
        EVBACKEND_PORT EVBACKEND_LINUXAIO EVBACKEND_IOURING EVBACKEND_ALL EVBACKEND_MASK);
    let others = constants!(c_int: EVRUN_NOWAIT EVRUN_ONCE EVBREAK_CANCEL EVBREAK_ONE EVBREAK_ALL
        EV_VERSION_MAJOR EV_VERSION_MINOR EV_MINPRI EV_MAXPRI);
    events.into_iter().chain(flags).chain(backends).chain(others).collect()
}

fn event_constants() -> BTreeMap<&'static str, i64> {
    constants!(c_int: EV_PERSIST EV_ET EVLIST_TIMEOUT EVLIST_INSERTED EVLIST_SIGNAL EVLIST_ACTIVE EVLIST_INTERNAL
        EVLIST_INIT)
    .into()
}
