//! Which scenarios there are: the program, its variant, the sizes, and what a size counts.

/// One row of the catalogue. Its program is scenarios/<program>.c.
pub struct Scenario {
    pub name: &'static str,
    pub program: &'static str,
    pub variant: &'static str,
    /// What the size counts.
    pub of: &'static str,
    pub sizes: &'static [u64],
    /// For the test that runs each once.
    pub small: u64,
    /// Measured on each backend; else on the first that is asked for.
    pub on_backends: bool,
    /// libuv, libevent and the bare system calls do the same.
    pub peers: bool,
    /// An installed program under load, not one of ours: servers.rs.
    pub server: bool,
    /// A header that the program needs beside ours, and what to link then.
    pub needs: Option<(&'static str, &'static str)>,
    /// System calls and instructions can be counted: they are in proportion to the events, on any machine.
    pub counted: bool,
}

/// Most scenarios: on each backend, without peers, counted.
const PLAIN: Scenario = Scenario {
    name: "",
    program: "",
    variant: "",
    of: "descriptors",
    sizes: &[1],
    small: 1,
    on_backends: true,
    peers: false,
    server: false,
    needs: None,
    counted: true,
};

const TIMERS: Scenario = Scenario {
    program: "timers",
    of: "timers",
    sizes: &[100, 10_000, 1_000_000],
    small: 100,
    on_backends: false,
    ..PLAIN
};

const PERIODICS: Scenario = Scenario { program: "periodics", of: "periodics", sizes: &[100, 10_000], ..TIMERS };

const RING: Scenario =
    Scenario { program: "pipe_ring", of: "socket pairs", sizes: &[100, 1000, 9000], small: 10, ..PLAIN };

/// Threads run as the machine lets them.
const ASYNC: Scenario = Scenario { program: "async", of: "threads", counted: false, ..PLAIN };

const LATENESS: Scenario = Scenario { program: "lateness", of: "timers", counted: false, ..PLAIN };

/// Nothing of it depends on the backend.
const NO_BACKEND: Scenario = Scenario { on_backends: false, ..PLAIN };

const MEMORY: Scenario = Scenario { program: "memory", small: 100, counted: false, ..NO_BACKEND };

pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "empty", program: "empty", peers: true, of: "loops", ..PLAIN },
    Scenario { name: "empty-timer", program: "empty", variant: "timer", of: "loops", ..PLAIN },
    Scenario { name: "ready", program: "ready", sizes: &[1, 10, 100, 1000, 10_000], small: 10, peers: true, ..PLAIN },
    Scenario { name: "ping-pong", program: "ping_pong", of: "pairs", peers: true, ..PLAIN },
    Scenario { name: "pipe-ring", ..RING },
    Scenario { name: "pipe-ring-timers", variant: "timers", ..RING },
    Scenario { name: "idle-heavy", program: "idle_heavy", sizes: &[1000, 18_000], small: 20, ..PLAIN },
    Scenario { name: "restart", program: "restart", sizes: &[1, 10, 100, 1000], small: 10, ..PLAIN },
    Scenario { name: "churn", program: "churn", sizes: &[1, 10, 100, 1000], small: 10, ..PLAIN },
    Scenario { name: "churn-modify", program: "churn", variant: "modify", sizes: &[10, 1000], small: 10, ..PLAIN },
    Scenario { name: "short-lived", program: "short_lived", sizes: &[1, 10, 100], ..PLAIN },
    Scenario { name: "once", program: "once", sizes: &[1, 100], ..PLAIN },
    Scenario { name: "timers-start", variant: "start", ..TIMERS },
    Scenario { name: "timers-again", variant: "again", peers: true, ..TIMERS },
    Scenario { name: "timers-again-equal", variant: "again-equal", ..TIMERS },
    Scenario { name: "timers-restart", variant: "restart", ..TIMERS },
    Scenario { name: "timers-expiry", variant: "expiry", ..TIMERS },
    Scenario { name: "periodics-start", variant: "start", ..PERIODICS },
    Scenario { name: "periodics-restart", variant: "restart", ..PERIODICS },
    Scenario { name: "periodics-expiry", variant: "expiry", ..PERIODICS },
    Scenario { name: "lateness", sizes: &[10], ..LATENESS },
    Scenario { name: "lateness-short", variant: "short", ..LATENESS },
    Scenario { name: "async", sizes: &[1, 4], peers: true, ..ASYNC },
    Scenario { name: "async-wake", variant: "wake", ..ASYNC },
    Scenario { name: "async-self", variant: "self", counted: true, ..ASYNC },
    Scenario { name: "signals", program: "signals", of: "watchers", ..PLAIN },
    Scenario { name: "children", program: "children", of: "children", sizes: &[1, 10], counted: false, ..PLAIN },
    Scenario { name: "feed", program: "feed", of: "watchers", sizes: &[1, 100, 10_000], ..NO_BACKEND },
    Scenario { name: "hooks", program: "hooks", of: "watchers of each kind", sizes: &[1, 100], ..NO_BACKEND },
    Scenario { name: "life", program: "life", of: "loops", ..PLAIN },
    Scenario { name: "life-lived", program: "life", variant: "lived", of: "loops", ..PLAIN },
    Scenario { name: "memory-io", variant: "io", sizes: &[18_000], ..MEMORY },
    Scenario { name: "memory-timers", variant: "timers", of: "timers", sizes: &[1_000_000], ..MEMORY },
    Scenario { name: "load", program: "load", of: "processes", counted: false, ..NO_BACKEND },
    Scenario {
        name: "redis",
        program: "redis",
        of: "connections",
        sizes: &[8],
        needs: Some(("hiredis/adapters/libev.h", "-lhiredis")),
        counted: false,
        ..PLAIN
    },
    Scenario { name: "nghttpd", server: true, of: "connections", sizes: &[100], counted: false, ..PLAIN },
];

pub struct Backend {
    pub name: &'static str,
    /// As ev_default_loop takes it; 0 is the library's choice.
    pub flag: u32,
    /// The distribution's library has it.
    pub packaged: bool,
}

pub const BACKENDS: &[Backend] = &[
    Backend { name: "default", flag: 0, packaged: true },
    Backend { name: "select", flag: 1, packaged: true },
    Backend { name: "poll", flag: 2, packaged: true },
    Backend { name: "epoll", flag: 4, packaged: true },
    Backend { name: "linuxaio", flag: 0x40, packaged: false },
    Backend { name: "iouring", flag: 0x80, packaged: false },
];
