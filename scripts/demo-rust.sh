#!/bin/sh
# Installs the distribution's Rust compiler where there is none at all and the distribution's is new enough (1.85).
# Anything else is left to scripts/install-deps, which says what to do.
set -eu

new_enough() {
  minor=$(rustc --version 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
  command -v cargo >/dev/null && [ "${minor:-0}" -ge 85 ]
}
# A compiler that somebody chose stays; a newer package would push it off.
there() { command -v rustc >/dev/null || command -v cargo >/dev/null || command -v rustup >/dev/null; }

if new_enough || there || ! command -v apt-get >/dev/null; then exit 0; fi

if [ "$(id -u)" = 0 ]; then
  as_root="env"
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
  as_root="sudo env"
else
  exit 0
fi

echo "packages: there is no Rust compiler; reading the distribution's lists"
$as_root apt-get -qq -o DPkg::Lock::Timeout=300 update >/dev/null || echo "packages: some could not be read, trying with what there is"
# Debian 12 has a newer one beside its plain one.
for suffix in '' -web; do
  version=$(apt-cache policy "rustc$suffix" | sed -n 's/^ *Candidate: *//p')
  if dpkg --compare-versions "${version:-0}" ge 1.85; then
    echo "packages: installing rustc$suffix cargo$suffix ($version), a few hundred megabytes"
    $as_root DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "rustc$suffix" "cargo$suffix" >/dev/null
    exit 0
  fi
done
