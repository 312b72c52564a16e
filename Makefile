# make help says what there is.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man/man3
DESTDIR ?=
CARGO ?= cargo
OBJCOPY ?= objcopy
INSTALL ?= install
# recommend-linuxaio: loops take linuxaio unless told otherwise.
FEATURES ?=
TARGET ?= $(or $(CARGO_TARGET_DIR),target)

VERSION := 4.0.0
FILE := libev.so.$(VERSION)
OUT := $(TARGET)/lib
LIBRARY := $(OUT)/$(FILE)
ARCHIVE := $(OUT)/libev.a
DEB := $(TARGET)/deb
# Of libevent's name: installed on request only, into a directory of its own.
EVENT_HEADER = include/event.h
EVENTDIR = $(INCLUDEDIR)/libev-libevent
HEADERS = $(filter-out $(EVENT_HEADER),$(wildcard include/*.h))
SOURCES = $(shell find src -name '*.rs') build.rs Cargo.toml Cargo.lock
PKGCONFIGDIR = $(LIBDIR)/pkgconfig
CMAKEDIR = $(LIBDIR)/cmake/libev
PAGES = $(wildcard man/*.3)
SCRIPTS = .ci/run $(filter-out %.txt,$(wildcard scripts/*))
HTML := $(TARGET)/html
below_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))

.PHONY: all lib install install-libevent uninstall man html demo check check-tests check-reference check-valgrind check-misuse check-asan check-tsan check-deb check-core bench fuzz fuzz-core soak reference deb lint clean help
all: lib

help:
	@echo 'make                  the library, in $(OUT)'
	@echo 'make install          into PREFIX=$(PREFIX) (also LIBDIR, INCLUDEDIR, MANDIR, DESTDIR)'
	@echo 'make install-libevent event.h, for programs written for libevent 1, into INCLUDEDIR/libev-libevent'
	@echo 'make uninstall        what these two put there'
	@echo 'make html             the manual, to read in a browser, in $(HTML)'
	@echo 'make man              the examples of man/examples, into the pages that show them'
	@echo 'make demo             an unmodified program of the distribution served by the library'
	@echo 'make deb              Debian packages, in $(DEB)'
	@echo 'make check            the checks below, but for two; installs the packages that are missing'
	@echo 'make lint             rustfmt, clippy, shellcheck'
	@echo 'make check-tests      the tests of the library'
	@echo 'make check-reference  the same C tests on the reference libraries'
	@echo 'make check-valgrind   the same C tests under valgrind'
	@echo 'make check-misuse     the same C tests with LIBEV_CHECK=1, which must report none'
	@echo 'make check-asan       the same C tests under the address sanitizer; takes long, not part of check'
	@echo 'make check-tsan       those with threads under the thread sanitizer; not part of check'
	@echo 'make fuzz             PROGRAMS=1000000 random programs on ours and the reference, for each backend'
	@echo 'make check-core       the core against a model, on a scripted kernel'
	@echo 'make fuzz-core        the same under libFuzzer, SECONDS=60 for each target; installs cargo-fuzz if it is missing'
	@echo 'make soak             SECONDS=600 of everything at once, on each of BACKENDS=epoll linuxaio iouring'
	@echo 'make bench            what scenarios cost, beside the reference; BENCHMARKS.md says how to ask for some'
	@echo 'make check-deb        the Debian packages, in a scratch root of Debian; as root'
	@echo 'make reference        builds a reference library with all of its Linux backends'
	@echo 'make clean            removes $(TARGET)'
	@echo 'FEATURES=recommend-linuxaio makes linuxaio the first choice of loops that name no backend.'

lib: $(LIBRARY) $(OUT)/libev.so.4 $(OUT)/libev.so

# The library is made anew when it is asked for with other features, too.
$(OUT)/features: FORCE
	@mkdir -p $(@D)
	@echo '$(FEATURES)' | cmp -s - $@ || echo '$(FEATURES)' >$@
.PHONY: FORCE
FORCE:

# Stripped, its symbols in a file beside it, where debuggers look. Moved into place: the old one may be in use.
$(LIBRARY): $(SOURCES) $(OUT)/features scripts/make-archive
	$(CARGO) build --release --locked --target-dir '$(TARGET)' --features '$(FEATURES)'
	@set -e; built='$(abspath $(TARGET))/release'; cd '$(OUT)'; fresh=$$(mktemp -d fresh.XXXXXX); cd "$$fresh"; \
	$(OBJCOPY) --only-keep-debug "$$built/libev.so" $(FILE).debug; \
	$(OBJCOPY) --strip-all --add-gnu-debuglink=$(FILE).debug "$$built/libev.so" $(FILE); \
	'$(CURDIR)/scripts/make-archive' "$$built/libev.a" "$$built/libev.so" libev.a; \
	chmod 644 libev.a $(FILE).debug; \
	mv -f libev.a $(FILE).debug ..; mv -f $(FILE) ..; cd ..; rmdir "$$fresh"; \
	echo "made $@, $$(stat -c %s $(FILE)) bytes"

$(OUT)/libev.so.4 $(OUT)/libev.so: $(LIBRARY)
	ln -sfn $(FILE) $@

define install_pc
sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(call below_prefix,$(LIBDIR))|' \
	  -e 's|@INCLUDEDIR@|$(call below_prefix,$(INCLUDEDIR))|' -e 's|@EVENTDIR@|$(call below_prefix,$(EVENTDIR))|' \
	  pkgconfig/$(1).pc.in >'$(DESTDIR)$(PKGCONFIGDIR)/$(1).pc'
	chmod 644 '$(DESTDIR)$(PKGCONFIGDIR)/$(1).pc'
endef

install: lib
	$(INSTALL) -d '$(DESTDIR)$(LIBDIR)' '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(PKGCONFIGDIR)'
	$(INSTALL) -m 755 $(LIBRARY) '$(DESTDIR)$(LIBDIR)/$(FILE)'
	ln -sfn $(FILE) '$(DESTDIR)$(LIBDIR)/libev.so.4'
	ln -sfn $(FILE) '$(DESTDIR)$(LIBDIR)/libev.so'
	$(INSTALL) -m 644 $(ARCHIVE) '$(DESTDIR)$(LIBDIR)/libev.a'
	$(INSTALL) -m 644 $(HEADERS) '$(DESTDIR)$(INCLUDEDIR)'
	$(call install_pc,libev)
	$(INSTALL) -d '$(DESTDIR)$(CMAKEDIR)'
	sed -e "s|@INCLUDEDIR@|$$(realpath -ms --relative-to='$(CMAKEDIR)' '$(INCLUDEDIR)')|" \
	  cmake/libev-config.cmake.in >'$(DESTDIR)$(CMAKEDIR)/libev-config.cmake'
	chmod 644 '$(DESTDIR)$(CMAKEDIR)/libev-config.cmake'
	$(INSTALL) -m 644 cmake/libev-config-version.cmake '$(DESTDIR)$(CMAKEDIR)'
	$(INSTALL) -d '$(DESTDIR)$(MANDIR)'
	$(INSTALL) -m 644 $(PAGES) '$(DESTDIR)$(MANDIR)'
	@if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

install-libevent:
	$(INSTALL) -d '$(DESTDIR)$(EVENTDIR)' '$(DESTDIR)$(PKGCONFIGDIR)'
	$(INSTALL) -m 644 $(EVENT_HEADER) '$(DESTDIR)$(EVENTDIR)'
	$(call install_pc,libev-libevent)

uninstall:
	rm -f $(patsubst %,'$(DESTDIR)$(LIBDIR)/%',$(FILE) libev.so.4 libev.so libev.a)
	rm -f $(patsubst %,'$(DESTDIR)$(PKGCONFIGDIR)/%',libev.pc libev-libevent.pc)
	rm -f '$(DESTDIR)$(CMAKEDIR)/libev-config.cmake' '$(DESTDIR)$(CMAKEDIR)/libev-config-version.cmake'
	@rmdir '$(DESTDIR)$(CMAKEDIR)' 2>/dev/null || :
	rm -f $(patsubst man/%,'$(DESTDIR)$(MANDIR)/%',$(PAGES))
	rm -f $(patsubst include/%,'$(DESTDIR)$(INCLUDEDIR)/%',$(HEADERS))
	rm -f $(patsubst include/%,'$(DESTDIR)$(EVENTDIR)/%',$(EVENT_HEADER))
	@rmdir '$(DESTDIR)$(EVENTDIR)' 2>/dev/null || :
	@if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

man:
	FERROEV_BLESS=1 $(TEST) --test manual displays_are_current

# mandoc links to the pages in the directory where it runs, and for others to where they can be read.
html:
	@mkdir -p '$(HTML)'
	@cp man/manual.css '$(HTML)'
	@cd man && for page in *.3; do \
	  mandoc -T html -O 'toc,style=manual.css,man=%N.%S.html;https://manpages.debian.org/%N.%S' "$$page" \
	    >'$(abspath $(HTML))'/"$$page.html" || exit; done
	@echo 'made $(HTML)/ev.3.html'

demo:
	@scripts/demo.sh

# One stage after the other, also with -j: the tests measure time. Some of them need the reference's headers.
check:
	@scripts/stage packages scripts/install-deps
	@scripts/stage lint $(MAKE) --no-print-directory lint
	@scripts/stage reference $(MAKE) --no-print-directory check-reference
	@scripts/stage tests $(MAKE) --no-print-directory check-tests
	@scripts/stage valgrind $(MAKE) --no-print-directory check-valgrind
	@scripts/stage misuse $(MAKE) --no-print-directory check-misuse
	@scripts/stage core $(MAKE) --no-print-directory check-core
	@scripts/stage deb $(MAKE) --no-print-directory check-deb

TEST = $(CARGO) test --locked --target-dir '$(TARGET)'
OURS = FERROEV_LIBRARY='$(abspath $(LIBRARY))'

check-tests: lib
	$(OURS) $(TEST) --no-fail-fast

check-reference: reference
	FERROEV_KIND=debian $(TEST) --test c
	FERROEV_KIND=oracle $(TEST) --test c

check-valgrind: lib
	$(OURS) FERROEV_VALGRIND=1 $(TEST) --test c

# One backend: the checks stand above all of them.
check-misuse: lib
	$(OURS) LIBEV_CHECK=1 $(TEST) --test c epoll

# Leaks are for valgrind to find: see c-tests/common/sanitizer.rs.
check-asan:
	@scripts/build-sanitized address '$(TARGET)/address'
	FERROEV_SANITIZER=address FERROEV_LIBRARY='$(abspath $(TARGET))/address/lib/libev.so.4.0.0' $(TEST) --test c

check-tsan:
	@scripts/build-sanitized thread '$(TARGET)/thread'
	@for tests in thread async signal; do \
	  FERROEV_SANITIZER=thread FERROEV_LIBRARY='$(abspath $(TARGET))/thread/lib/libev.so.4.0.0' $(TEST) --test c "$$tests" || exit; done

# Other programs each time; the seed is shown with what differs. SEED=... runs the same again.
PROGRAMS ?= 1000000
fuzz: lib
	$(OURS) FERROEV_FUZZ_PROGRAMS=$(PROGRAMS) FERROEV_FUZZ_SEED=$(or $(SEED),$$(date +%s)000000) $(TEST) --test differential \
	  -- --nocapture --test-threads=1

# The C programs are what is measured: what drives them need not be optimized.
bench: lib
	@scripts/bench-peers '$(TARGET)/bench/peers'
	$(OURS) $(CARGO) bench --locked --profile dev --target-dir '$(TARGET)' --bench bench

soak: SECONDS = 600
soak: BACKENDS = epoll linuxaio iouring
soak: lib
	@scripts/soak '$(TARGET)/soak' '$(abspath $(OUT))' '$(SECONDS)' $(BACKENDS)

deb:
	@scripts/build-deb '$(DEB)'

check-core:
	$(CARGO) test --locked --manifest-path fuzz/Cargo.toml --target-dir '$(TARGET)/core'

SECONDS ?= 60
fuzz-core:
	@scripts/fuzz-core $(SECONDS) '$(abspath $(TARGET))/fuzz'

check-deb:
	@scripts/check-deb '$(DEB)'

reference:
	@scripts/build-reference '$(TARGET)/reference'

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --target-dir '$(TARGET)' --all-targets -- -D warnings
	$(CARGO) clippy --locked --target-dir '$(TARGET)' --all-features -- -D warnings
	$(CARGO) fmt --check --manifest-path fuzz/Cargo.toml -p ferroev-fuzz
	$(CARGO) clippy --locked --manifest-path fuzz/Cargo.toml --target-dir '$(TARGET)/core' -p ferroev-fuzz --all-targets --no-deps -- -D warnings
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); \
	else echo 'shellcheck is not installed: the scripts are not checked'; fi

clean:
	$(CARGO) clean --target-dir '$(TARGET)'
