//! libev 4.33's interface on Linux, for C programs.
