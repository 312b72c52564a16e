//! What the ratio of ours to the reference's is meant to be, for the table. Nothing fails by it.

/// The value that is judged, and the most that its ratio should be.
pub fn of(scenario: &str, size: u64, backend: &str) -> (&'static str, f64) {
    let common = ["default", "epoll", "any"].contains(&backend);
    match (scenario, size, backend) {
        ("timers-again" | "timers-again-equal", 10_000, _) => ("cpu_ns", 0.35),
        ("timers-again" | "timers-again-equal", 1_000_000, _)
        | ("timers-start" | "timers-restart" | "timers-expiry", 10_000.., _) => ("cpu_ns", 0.5),
        ("lateness" | "lateness-short", ..) => ("p99_ns", 0.25),
        ("async", ..) => ("cpu_ns", 0.5),
        ("async-wake", ..) => ("p50_ns", 1.0),
        ("async-self", ..) => ("cpu_ns", 0.7),
        ("signals", ..) => ("cpu_ns", 0.8),
        ("memory-io", ..) => ("bytes", 1.0),
        ("memory-timers", ..) => ("bytes", 1.25),
        ("library-size", ..) => ("bytes", 1.5),
        ("load", ..) => ("cpu_ns", 1.1),
        ("ready" | "ping-pong", _, "linuxaio") | ("ready" | "churn", _, "iouring") => ("cpu_ns", 0.5),
        ("empty", ..) if common => ("cpu_ns", 0.68),
        ("ready", 1, _) if common => ("cpu_ns", 0.69),
        ("ready", 10..=1000, _) if common => ("cpu_ns", 0.8),
        ("ping-pong", ..) if common => ("cpu_ns", 0.9),
        ("restart", ..) if common => ("cpu_ns", 0.6),
        ("churn", 10..=1000, _) if common => ("cpu_ns", 0.5),
        ("short-lived", ..) if common => ("cpu_ns", 0.75),
        _ => ("cpu_ns", 1.0),
    }
}
