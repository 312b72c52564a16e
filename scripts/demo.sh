#!/bin/sh
# An unmodified program of the distribution, nghttpd, served by this library and by the distribution's, in turns, under load.
# Shows from /proc which library and which backend served, and counts requests, errors, requests per second.
#
# Usage: demo.sh            (DEMO_ROUNDS and DEMO_SECONDS: how many rounds, and how long a run; 5 and 1.5)
# Exit status: 0 all served without an error; 1 something failed; 130, 143 interrupted.
set -u
LC_ALL=C
export LC_ALL
unset LD_PRELOAD LD_LIBRARY_PATH LIBEV_FLAGS
# What was given to an outer make is in the environment too.
unset MAKEFLAGS MFLAGS MAKELEVEL
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

cd "$(dirname "$0")/.." || exit 1
target=${TARGET:-${CARGO_TARGET_DIR:-target}}
rounds=${DEMO_ROUNDS:-5}
seconds=${DEMO_SECONDS:-1.5}
connections=100
kernel=$(uname -r)

# ---- ending ----
scratch=
server=
working=
failed=
# Below the range that outgoing connections take theirs from.
port=$((20000 + $$ % 10000))

# stop PROCESS...: ends children of this script, with their groups if they lead one; by force after two seconds.
stop() {
  for process in "$@"; do
    [ "$(status_of "$process" PPid)" = $$ ] || continue
    kill -TERM "-$process" 2>/dev/null || kill -TERM "$process" 2>/dev/null
    patience=100
    while [ "$patience" -gt 0 ] && [ "$(status_of "$process" State)" != Z ]; do
      sleep 0.02
      patience=$((patience - 1))
    done
    kill -KILL "-$process" 2>/dev/null || kill -KILL "$process" 2>/dev/null
    wait "$process" 2>/dev/null
  done
}
# status_of PROCESS FIELD: the first word that /proc says.
status_of() {
  sed -n "s/^$2:[[:space:]]*\([^[:space:]]*\).*/\1/p" "/proc/$1/status" 2>/dev/null
}
finish() {
  trap '' INT TERM HUP PIPE
  # The last one may have been started a moment ago, and have no name yet.
  # shellcheck disable=SC2086 # some are empty
  stop $working $server ${!:-}
  [ -z "$scratch" ] || rm -rf "$scratch"
}
interrupted() {
  trap '' INT TERM HUP PIPE
  # Where the output went at the start: the function at work may have sent it elsewhere.
  [ "$1" = 141 ] || printf '\ninterrupted, nothing is left running\n' >&3
  exit "$1"
}
exec 3>&2
trap finish EXIT
trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 141' PIPE
trap 'interrupted 143' TERM

say() { printf '%s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  failed=1
}
give_up() {
  fail "$@"
  exit 1
}

# Runs a command in a group of its own, so that a signal ends it at once and whole.
work() {
  setsid "$@" 3>&- &
  working=$!
  wait "$working"
  status=$?
  working=
  return "$status"
}

# ---- preparing ----
prepare() {
  say "1. What is needed"
  # In the foreground: sudo may have to ask.
  scripts/demo-rust.sh || give_up "the Rust compiler could not be installed"
  scripts/install-deps scripts/demo-packages.txt || give_up "something that is needed is missing"
  for program in nghttpd h2load; do
    command -v $program >/dev/null || give_up "$program is installed, but not found"
  done

  say "2. The library"
  work "${MAKE:-make}" --no-print-directory lib || give_up "the library could not be built"
  ours=$(readlink -f "$target/lib/libev.so.4.0.0") || give_up "no library in $target/lib"
  say "   $ours, $(stat -c %s "$ours") bytes"

  scratch=$(mktemp -d) || give_up "no temporary directory"
  mkdir "$scratch/site"
  ln -s "$ours" "$scratch/libev.so.4"
  # A page of a thousand bytes: small, so that the loop's work counts.
  awk 'BEGIN { for (i = 0; i < 100; i++) printf "ten bytes\n" }' >"$scratch/site/page"
}

# ---- the server ----
flags_of() {
  case $1 in epoll) echo 4 ;; linuxaio) echo 64 ;; esac
}

listens() {
  awk -v port=":$(printf %04X "$1")" '$4 == "0A" && substr ($2, length ($2) - 4) == port { found = 1 } END { exit !found }' /proc/net/tcp
}

# start LIBRARY BACKEND: a fresh nghttpd on a free port, in $server and $port. LIBRARY is ours or theirs.
start() {
  for _ in 1 2 3 4 5 6 7 8 9; do
    port=$((port + 1))
    if listens "$port"; then continue; fi
    if [ "$1" = ours ]; then
      LD_PRELOAD=$scratch/libev.so.4 LIBEV_FLAGS=$(flags_of "$2") nghttpd --no-tls -d "$scratch/site" -a 127.0.0.1 "$port" >"$scratch/server" 2>&1 3>&- &
    else
      LIBEV_FLAGS=$(flags_of "$2") nghttpd --no-tls -d "$scratch/site" -a 127.0.0.1 "$port" >"$scratch/server" 2>&1 3>&- &
    fi
    server=$!
    wait_for_port && return 0
    stop_server
  done
  return 1
}

# Until it listens or ends; ten seconds at most.
wait_for_port() {
  tries=0
  while [ "$tries" -lt 200 ]; do
    is_running || return 1
    if listens "$port" && is_running; then return 0; fi
    sleep 0.05
    tries=$((tries + 1))
  done
  return 1
}

is_running() {
  [ -n "$server" ] && kill -0 "$server" 2>/dev/null && [ "$(status_of "$server" State)" != Z ]
}

stop_server() {
  stop "$server"
  server=
}

# ---- what /proc says ----
libraries_mapped() {
  sed -n 's|^[^/]* \(/.*/libev\.so[^/]*\)$|\1|p' "/proc/$server/maps" | sort -u
}
backend_running() {
  if grep -q ' /\[aio\]' "/proc/$server/maps"; then
    echo linuxaio
  elif find "/proc/$server/fd" -lname 'anon_inode:\[eventpoll\]' 2>/dev/null | grep -q .; then
    echo epoll
  else
    echo "neither epoll nor linuxaio"
  fi
}
# Processor time so far, in clock ticks.
ticks() {
  sed 's/.*) //' "/proc/$server/stat" | awk '{ print $12 + $13 }'
}

# check LIBRARY BACKEND: the server runs on them. Sets $library.
check() {
  library=$(libraries_mapped)
  backend=$(backend_running)
  if [ "$1" = ours ] && [ "$library" != "$ours" ]; then
    fail "the server has mapped ${library:-no libev} instead of $ours"
    return 1
  elif [ "$1" = theirs ] && { [ -z "$library" ] || [ "$library" = "$ours" ]; }; then
    fail "the server has mapped ${library:-no libev} instead of the distribution's"
    return 1
  elif [ "$backend" != "$2" ]; then
    fail "the server runs on $backend instead of $2"
    return 1
  fi
}

# ---- the load ----
# load REQUESTS: h2load, always on the distribution's library. Sets $rate, $answered and $errors.
load() {
  work timeout 120 h2load -n "$1" -c "$connections" -m 1 "http://127.0.0.1:$port/page" >"$scratch/load" 2>&1
  status=$?
  rate=$(sed -n 's|^finished in .* \([0-9.]*\) req/s.*|\1|p' "$scratch/load")
  answered=$(sed -n 's/^requests: .* \([0-9]*\) succeeded, .*/\1/p' "$scratch/load")
  good=$(sed -n 's/^status codes: \([0-9]*\) 2xx, .*/\1/p' "$scratch/load")
  bytes=$(sed -n 's/^traffic: .*(\([0-9]*\)) data$/\1/p' "$scratch/load")
  answered=${answered:-0}
  errors=$(($1 - answered))
  if [ "$status" != 0 ] || [ "$errors" != 0 ] || [ "${good:-0}" != "$1" ] || [ "${bytes:-0}" != $(($1 * 1000)) ] || ! is_running; then
    fail "not every request was answered in full; h2load (exit status $status) and nghttpd said:"
    cat "$scratch/load" "$scratch/server" >&2
    return 1
  fi
}

name_of() {
  if [ "$1" = ours ]; then echo "this library"; else echo "distribution's"; fi
}

# One look at each pair of library and backend: which can be compared, and how many requests a run takes.
rehearse() {
  say "3. nghttpd serves $connections connections of h2load; which library and backend, says /proc"
  pairs=
  requests=0
  for pair in ours:epoll ours:linuxaio theirs:epoll theirs:linuxaio; do
    which=${pair%:*}
    backend=${pair#*:}
    if ! start "$which" "$backend"; then
      if [ "$pair" = theirs:linuxaio ]; then
        say "   the distribution's libev has no linuxaio: nghttpd ends at once there"
        continue
      fi
      cat "$scratch/server" >&2
      fail "nghttpd does not start with $(name_of "$which") on $backend"
      [ "$backend" != linuxaio ] || say "   (a sandbox may forbid the system call io_setup; Linux has it since 4.19)" >&2
      continue
    fi
    if check "$which" "$backend" && load 5000; then
      say "   process $server: $library, $backend"
      pairs="$pairs $pair"
      # A run's length comes from the first pair; it is the same for all.
      [ "$requests" != 0 ] || requests=$(awk -v rate="$rate" -v s="$seconds" 'BEGIN { n = int (rate * s / 1000) * 1000; print n < 5000 ? 5000 : n }')
    fi
    stop_server
  done
  case $pairs in *ours:*) ;; *) give_up "this library served on neither backend" ;; esac
}

run() {
  which=${1%:*}
  backend=${1#*:}
  printf '   %-6s %-15s %-9s' "$2" "$(name_of "$which")" "$backend"
  if ! start "$which" "$backend"; then
    say ""
    cat "$scratch/server" >&2
    fail "nghttpd did not start"
  elif load 1000 && before=$(ticks) && load "$requests" && after=$(ticks) && check "$which" "$backend"; then
    printf '%8.0f requests/s  %6d requests  %d errors\n' "$rate" "$answered" "$errors"
    say "$1 $rate $((after - before)) $answered $errors" >>"$scratch/results"
  fi
  stop_server
}

measure() {
  say "4. $rounds rounds of $requests requests each"
  round=1
  while [ "$round" -le "$rounds" ]; do
    # Each round in another order, so that none always has the warmer machine.
    for pair in $pairs; do run "$pair" "$round/$rounds"; done
    # shellcheck disable=SC2086 # a list of words
    pairs=$(turn $pairs)
    round=$((round + 1))
  done
}

# The first word to the end.
turn() {
  first=$1
  shift
  echo "$@" "$first"
}

report() {
  say ""
  say "5. Result, $(nproc) processors shared with the load, Linux $kernel"
  awk -v ticks="$(getconf CLK_TCK)" '
    function sort (list, count,   i, j, x) {
      for (i = 2; i <= count; i++) {
        x = list[i]
        for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
        list[j + 1] = x
      }
    }
    function median (list, count) { return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2 }
    {
      n[$1]++; rate[$1, n[$1]] = $2; cost[$1, n[$1]] = $3 / ticks / $4 * 1e6; done[$1] += $4; errors[$1] += $5
    }
    END {
      split ("ours:epoll ours:linuxaio theirs:epoll theirs:linuxaio", order, " ")
      name["ours"] = "this library"; name["theirs"] = "distribution" sprintf ("%c", 39) "s"
      printf "   %-15s %-9s %9s %7s   %-26s   %s\n", "", "", "", "", "requests per second", "server CPU per"
      printf "   %-15s %-9s %9s %7s   %8s %8s %8s   %s\n", "library", "backend", "requests", "errors", "min", "median", "max", "request (median)"
      for (o = 1; o <= 4; o++) {
        pair = order[o]
        if (!n[pair]) continue
        split (pair, part, ":")
        for (i = 1; i <= n[pair]; i++) { r[i] = rate[pair, i]; c[i] = cost[pair, i] }
        sort (r, n[pair]); sort (c, n[pair])
        low[pair] = r[1]; high[pair] = r[n[pair]]
        middle[pair] = median (r, n[pair])
        printf "   %-15s %-9s %9d %7d   %8.0f %8.0f %8.0f   %6.2f us\n", name[part[1]], part[2], done[pair], errors[pair], r[1], middle[pair], r[n[pair]], median (c, n[pair])
      }
      base = "theirs:epoll"
      if (n[base]) for (o = 1; o <= 2; o++) if (n[order[o]]) {
        overlap = high[order[o]] >= low[base] && high[base] >= low[order[o]]
        printf "   %s: %.2f times the distribution%cs median on epoll (%s)\n", order[o], middle[order[o]] / middle[base], 39, \
          n[base] < 3 ? "too few runs to tell from noise" : overlap ? "their runs overlap: may be noise" : "no run overlaps"
      }
    }' "$scratch/results" | sed 's/   ours:/   this library on /'
}

prepare
rehearse
measure
report
if [ -n "$failed" ]; then
  say "Something failed, see above."
  exit 1
fi
say "All requests were answered, on the library and backend asked for."
