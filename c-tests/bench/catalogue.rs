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

pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "empty", program: "empty", peers: true, of: "loops", ..PLAIN },
    Scenario { name: "empty-timer", program: "empty", variant: "timer", of: "loops", ..PLAIN },
    Scenario { name: "ready", program: "ready", sizes: &[1, 10, 100, 1000, 10_000], small: 10, peers: true, ..PLAIN },
    Scenario { name: "restart", program: "restart", sizes: &[1, 10, 100, 1000], small: 10, ..PLAIN },
    Scenario { name: "churn", program: "churn", sizes: &[1, 10, 100, 1000], small: 10, ..PLAIN },
    Scenario { name: "churn-modify", program: "churn", variant: "modify", sizes: &[10, 1000], small: 10, ..PLAIN },
    Scenario { name: "timers-start", variant: "start", ..TIMERS },
    Scenario { name: "timers-again", variant: "again", peers: true, ..TIMERS },
    Scenario { name: "timers-restart", variant: "restart", ..TIMERS },
    Scenario { name: "timers-expiry", variant: "expiry", ..TIMERS },
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
