# From a fresh clone: `make run` shows what it does, `make test` shows that it works; `make help` lists the rest.
.DELETE_ON_ERROR:
# no rule but ours: make itself would compile the kernel program with cc if its source is the newer file
MAKEFLAGS += --no-builtin-rules
SHELL = /bin/bash

# Each step of a build prints one line; `make V=1` prints the commands instead.
ifndef V
.SILENT:
say = printf '%-9s %s\n' '$1' '$2'
else
say = @:
endif

COMMANDS := $(patsubst bin/%.ts,%,$(wildcard bin/*.ts))
BUNDLES := $(COMMANDS:%=dist/%.js)
MAINS := $(COMMANDS:%=dist/%.main.js)
SOURCES := $(shell find bin lib -name '*.ts') package.json tsconfig.json
TESTS := $(shell find test -name '*.ts')
# what tests are made of is no test, test/bench measures, and test/soak takes half an hour
TEST_FILES := $(filter-out test/support/% test/kernel/addresses.ts test/kernel/lab/% test/kernel/conformance/% test/kernel/bpf/% test/bench/% \
  test/soak/%,$(TESTS))
RUN_TESTS = node build/test/support/run.js

# a program of another architecture cannot be tried here, but built: make deb DEB_ARCH=arm64
.PHONY: single deb deb-elsewhere image
.PHONY: all help install uninstall purge dist manual bpf small-bites bpf-kernels run report test fresh matrix bench bench-hostile \
  bench-fleet bench-ban bench-bpf lint format golden fuzz soak fleet-chaos clean

all: dist

help: ## this list
	sed -nE 's/^([a-z-]+):.* ## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r target text; do \
	  printf '  make %-14s %s\n' "$$target" "$$text"; done

# The output of npm is only printed if it fails.
NPM_INSTALL = npm_install() { local said; said=$$(npm install --no-save --no-audit --no-fund --loglevel=error "$$@" 2>&1) || \
  { echo "$$said" >&2; return 1; }; }; npm_install

# as the lock file says; `npm ci` of npm 11 finds packages for other systems missing in it
node_modules/.package-lock.json: package-lock.json
	$(call say,packages,node_modules)
	$(NPM_INSTALL)
	touch $@

# The kernel program of xff-ban. The compiled file is part of the repository, so that building needs no clang. `make bpf`
# compiles it again, with clang, bpftool and the headers of libbpf (Debian: clang, bpftool, libbpf-dev). bpftool removes
# what the loader does not read (DWARF); file names in it are relative, so that the bytes do not depend on the folder.
CLANG ?= clang
BPF_PROGRAM := lib/xff-ban/backend/bpf/xff_ban.bpf.c
BPF_OBJECT ?= $(BPF_PROGRAM:.c=.o)
BPF_FLAGS := -target bpf -mcpu=v3 -I/usr/include/$(shell uname -m)-linux-gnu
CAN_BUILD_BPF = $(shell $(CLANG) $(BPF_FLAGS) -M $(BPF_PROGRAM) >/dev/null 2>&1 && echo yes)
BUILD_BPF = $(CLANG) $(BPF_FLAGS) -O2 -g -ffile-compilation-dir=. -Wall -Werror -c $(BPF_PROGRAM)
bpf: ## compiles the kernel program again, into the file that is committed
	$(call say,clang,$(BPF_OBJECT))
	whole=$$(mktemp) && trap "rm $$whole" EXIT && $(BUILD_BPF) -o $$whole && bpftool gen object $(BPF_OBJECT) $$whole
dist/xff-ban.bpf.o: $(BPF_PROGRAM:.c=.o)
	mkdir -p dist
	cp $< $@
# drop-ins of the unit, beside the commands, where xff-jail setup finds them
DROP_INS := $(patsubst share/%,dist/%,$(wildcard share/drop-ins/*))
$(DROP_INS): dist/%: share/%
	mkdir -p $(@D)
	cp $< $@
# The same for a test, with a small buffer.
small-bites: $(if $(CAN_BUILD_BPF),build/xff-ban-small-bites.bpf.o)
build/xff-ban-small-bites.bpf.o: $(wildcard lib/xff-ban/backend/bpf/*.[ch])
	$(call say,clang,$@)
	mkdir -p build
	$(BUILD_BPF) -DCHUNK=64 -o $@

# What names running units and standing bans before the files go, where no package manager does.
dist/uninstall: packaging/leave.sh packaging/uninstall
	mkdir -p dist
	{ printf '#!/bin/sh\nset -e\n' && cat $^; } > $@

# The innermost loops of the first two commands, from AssemblyScript to WebAssembly: they run at full speed from their
# first line on, look at sixteen bytes at once, and leave no garbage. In base64, so that they are part of the bundle.
ASSEMBLED := $(patsubst lib/%/assembly/index.ts,build/assembly/%.js,$(wildcard lib/*/assembly/index.ts))
build/assembly/%.js: $(wildcard lib/fast/block-size.ts lib/*/assembly/*.ts) node_modules/.package-lock.json
	$(call say,asc,$@)
	mkdir -p build/assembly
	npx asc lib/$*/assembly/index.ts --outFile build/assembly/$*.wasm --runtime stub --use abort= --memoryBase 64 \
	  --enable simd -O3 --converge --noAssert
	echo "export default '$$(base64 -w0 build/assembly/$*.wasm)'" > $@

# One file a command: it starts in a third of the time that loading the packages one by one takes; as CommonJS, which
# starts without Node's loader of modules. Libraries that few runs need are files of their own, read when needed. The file
# with the command's name is a small one that checks the version of Node and loads the other (lib/cli/launch.ts).
# (Of what yargs uses, cliui and string-width are for its help, which nobody sees, and of assert it uses two functions.)
LIBRARIES := yargs execa nodemailer prom-client yaml @rgrove/parse-xml @nats-io/transport-node
ESBUILD = npx esbuild --bundle --platform=node --format=cjs --target=node20 --log-level=warning \
  --minify-whitespace --minify-syntax --supported:dynamic-import=false --define:import.meta.url=here --conditions=bundle \
  --alias:string-width=./lib/cli/yargs-shims/unused.ts --alias:cliui=./lib/cli/yargs-shims/unused.ts \
  --alias:assert=./lib/cli/yargs-shims/assert.ts \
  --banner:js='const here=require("node:url").pathToFileURL(__filename).href;'
LEAST_NODE := $(shell sed -n 's/.*"node": ">=\(.*\)".*/\1/p' package.json)
dist: $(BUNDLES) manual dist/THIRD-PARTY-LICENSES dist/xff-ban.bpf.o $(DROP_INS) dist/uninstall ## the commands as they are installed, in dist/
$(BUNDLES) $(MAINS) &: $(SOURCES) $(ASSEMBLED) Makefile node_modules/.package-lock.json
	$(call say,esbuild,dist/*.js)
	rm -rf dist/*.js dist/library build/meta
	$(ESBUILD) $(COMMANDS:%=bin/%.ts) --outdir=dist --entry-names=[name].main --metafile=build/meta/commands.json \
	  --alias:readable-stream=node:stream \
	  $(foreach library,$(LIBRARIES),--alias:$(library)=./library/$(library).js --external:./library/$(library).js)
	for library in $(LIBRARIES); do \
	  if [ $$library = yargs ]; then echo "module.exports = require('yargs').default"; else echo "export * from '$$library'"; fi | \
	  $(ESBUILD) --outfile=dist/library/$$library.js --metafile=build/meta/$$(basename $$library).json; done
	echo '{"type":"commonjs"}' > dist/package.json
	npx esbuild lib/cli/launch.ts --target=es2015 --define:LEAST='"$(LEAST_NODE)"' --log-level=warning \
	  --outfile=build/launch.js
	tee $(BUNDLES) < build/launch.js >/dev/null
	chmod +x $(BUNDLES)

# The licences of the packages that are part of the bundles.
dist/THIRD-PARTY-LICENSES: lib/licences/write.ts $(BUNDLES)
	$(call say,licences,$@)
	npx esbuild $< --outfile=build/licences.cjs --bundle --platform=node --log-level=warning
	node build/licences.cjs

# All commands as one executable with Node inside (Node's "single executable application"): for packages, so that they
# need no Node. It is made of the release that npm has for the architecture, without its symbols.
DEB_ARCH ?= $(if $(filter aarch64,$(shell uname -m)),arm64,amd64)
SINGLE_NODE := 24
SINGLE_PACKAGE := node-linux-$(if $(filter arm64,$(DEB_ARCH)),arm64,x64)
SINGLE := build/single/$(DEB_ARCH)
single: $(SINGLE)/xff-jail-commands
$(SINGLE)/.installed: Makefile
	$(call say,node $(SINGLE_NODE),$(@D))
	$(NPM_INSTALL) --force --prefix $(@D) postject@1.0.0-alpha.6 $(SINGLE_PACKAGE)@$(SINGLE_NODE)
	touch $@
$(SINGLE)/xff-jail-commands: $(BUNDLES) $(SINGLE)/.installed
	$(call say,single,$@)
	$(ESBUILD) lib/single/main.ts --outfile=build/single/main.js --alias:readable-stream=node:stream
	packaging/single $(SINGLE)/node_modules/$(SINGLE_PACKAGE) build/single/main.js $@

# What writes the bill of materials, with the schema that it is compared with.
BOM := build/bom/.installed
$(BOM):
	$(call say,cyclonedx,$(@D))
	$(NPM_INSTALL) --prefix $(@D) @cyclonedx/cyclonedx-library@10.3.0 ajv@8 ajv-formats@3 ajv-formats-draft2019@1 \
	  packageurl-js@2 spdx-expression-parse@4
	touch $@

# Debian packages: with Node inside, and a small one for machines that have it.
deb: dist single $(BOM) ## Debian packages, into build/deb: one with Node inside, and a small one for machines that have it
	$(call say,dpkg-deb,build/deb)
	packaging/deb/build full $(DEB_ARCH) $(SINGLE)/xff-jail-commands
	packaging/deb/build small

# An image of containers with the same executable, of Debian packages and for this architecture; nothing is pulled.
IMAGE_PACKAGES := build/image/packages/.fetched
image: deb $(IMAGE_PACKAGES) ## an OCI image of Debian packages, into build/image: docker load, podman load
	$(call say,image,build/image)
	packaging/image/build build/deb/xff-jail_*_$(DEB_ARCH).deb
$(IMAGE_PACKAGES): packaging/image/packages
	$(call say,apt-get,$(@D))
	packaging/image/packages

# Manual pages and completion, from the very options that the commands read and from the prose in share/man; and the
# JSON Schema of the records.
MANUAL := $(patsubst share/man/%.md,dist/man/%,$(wildcard share/man/*.md)) \
  $(COMMANDS:%=dist/completion/bash/%) $(COMMANDS:%=dist/completion/zsh/_%) dist/record.schema.json
manual: $(MANUAL)
$(MANUAL) &: $(SOURCES) $(wildcard share/man/*.md) node_modules/.package-lock.json
	$(call say,manual,dist/man dist/completion)
	rm -rf dist/man dist/completion
	npx esbuild lib/manual/write.ts --outfile=build/manual.cjs --bundle --platform=node --log-level=warning
	node build/manual.cjs

# The tests as JavaScript, and the commands by their names, for a PATH.
build/.compiled: $(SOURCES) $(TESTS) $(ASSEMBLED) node_modules/.package-lock.json
	$(call say,tsc,build)
	npx tsc
	mkdir -p build/path
	for command in $(COMMANDS); do ln -sfn ../../dist/$$command.js build/path/$$command; done
	touch $@

# For a machine without a global npm: commands, manual pages, completion, units and examples below PREFIX.
# `make uninstall` with the same PREFIX and DESTDIR removes these files and no other.
PREFIX ?= /usr/local
TO = $(DESTDIR)$(PREFIX)
OURS := lib/xff-jail share/doc/xff-jail
# each as SOURCE:TARGET below PREFIX
PROGRAM := $(BUNDLES) $(MAINS) $(LIBRARIES:%=dist/library/%.js) dist/package.json dist/xff-ban.bpf.o $(DROP_INS) dist/uninstall
INSTALLED = $(foreach file,$(PROGRAM),$(file):lib/xff-jail/$(file:dist/%=%)) LICENSE:lib/xff-jail/LICENSE \
  dist/THIRD-PARTY-LICENSES:lib/xff-jail/THIRD-PARTY-LICENSES \
  $(foreach page,$(filter dist/man/%,$(MANUAL)),$(page):share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
  dist/record.schema.json:share/doc/xff-jail/record.schema.json \
  $(foreach command,$(COMMANDS),dist/completion/bash/$(command):share/bash-completion/completions/$(command)) \
  $(foreach command,$(COMMANDS),dist/completion/zsh/_$(command):share/zsh/site-functions/_$(command)) \
  $(foreach unit,$(wildcard share/systemd/*),$(unit):lib/systemd/system/$(notdir $(unit))) \
  $(foreach file,$(wildcard share/examples/* share/containers/* share/grafana/* share/lnav/* share/prometheus/* share/push/* share/front-ends/*) share/no-effect.md,$(file):$(file:share/%=share/doc/xff-jail/%)) \
  $(foreach file,$(wildcard docs/*) README.md CHANGELOG.md THREATS.md SECURITY.md CONTRIBUTING.md,$(file):share/doc/xff-jail/$(file))

install: dist ## puts it below PREFIX (/usr/local); DESTDIR goes before it
	@for file in $(INSTALLED); do \
	  [ ! -e "$${file%%:*}" ] || install -D -m 644 "$${file%%:*}" "$(TO)/$${file#*:}" || exit; done
	@install -d "$(TO)/bin"; for command in $(COMMANDS); do chmod 755 "$(TO)/lib/xff-jail/$$command.js" && \
	  ln -sfn "../lib/xff-jail/$$command.js" "$(TO)/bin/$$command" || exit; done
	@# by which the pages find one another as they do in the repository
	@ln -sfn . "$(TO)/share/doc/xff-jail/share"
	@echo "installed in $(TO); settings for a service go into /etc/xff-jail, see man xff-jail"

uninstall: ## takes away what make install put there, and nothing else; running units are named and stopped
	@[ -n "$(DESTDIR)" ] || [ ! -e "$(TO)/lib/xff-jail/uninstall" ] || \
	  PATH="$(TO)/bin:$$PATH" sh "$(TO)/lib/xff-jail/uninstall" stop 'make purge' "$(TO)/lib/systemd/system"
	@for file in $(INSTALLED); do rm -f "$(TO)/$${file#*:}"; done; rm -f "$(TO)/share/doc/xff-jail/share"
	@for command in $(COMMANDS); do rm -f "$(TO)/bin/$$command"; done
	@for folder in $(OURS); do [ ! -d "$(TO)/$$folder" ] || find "$(TO)/$$folder" -depth -type d -empty -delete; done

purge: ## uninstall, and with it bans, settings and journals of this machine
	@[ -z "$(DESTDIR)" ] || { echo 'DESTDIR: expected none with purge, which is about this machine' >&2; exit 64; }
	@PATH="$(TO)/bin:$$PATH" sh "$(TO)/lib/xff-jail/uninstall" purge
	@$(MAKE) --no-print-directory uninstall

# An attack as it was logged, through the commands: who would have been banned, when and why; and nobody is.
# `make run LOG=FILE` takes a log of your own.
LOG ?= fixtures/attack/uwsgi.log
run: dist ## who would have been banned for a log (LOG=FILE), when and why; nobody is
	@echo 'uwsgi-parse < $(LOG) > requests.jsonl' && \
	echo 'xff-window < requests.jsonl | xff-ban --dry-run --clock log | cat requests.jsonl - | xff-report --text --top 10' && \
	echo && requests=$$(mktemp) && trap "rm $$requests" EXIT && \
	dist/uwsgi-parse.js < "$(LOG)" > $$requests && \
	dist/xff-window.js < $$requests | dist/xff-ban.js --dry-run --clock log | \
	  cat $$requests - | dist/xff-report.js --text --top 10

# The same log as a page to look at.
REPORT ?= build/report.html
report: dist ## the same log as a page to look at (REPORT=FILE)
	@mkdir -p $(dir $(REPORT)) && records=$$(mktemp) && trap "rm $$records" EXIT && \
	dist/uwsgi-parse.js < $(LOG) > $$records && \
	dist/xff-window.js < $$records | dist/xff-ban.js --dry-run --clock log | \
	  cat $$records - | dist/xff-report.js > $(REPORT) && echo "open $(REPORT)"

# What tests need from elsewhere, as they have no network: two releases of Node that are too old (18 can parse our syntax,
# 12 cannot), the one of the packages, what writes their bill of materials, and the Debian packages of the image.
TEST_NODES := $(if $(filter Linux,$(shell uname)),build/node/12/.installed build/node/18/.installed $(SINGLE)/.installed $(BOM) \
  $(if $(shell [ "$$(id -u)" != 0 ] || command -v apt-get),$(IMAGE_PACKAGES)))
test: ## every test; on Debian, as root, with real servers and a real kernel, which it installs
	test/support/packages
	test/support/newer-nats
	$(MAKE) --no-print-directory dist build/.compiled small-bites $(TEST_NODES)
	$(RUN_TESTS) $(TEST_FILES:%.ts=build/%.js)

# The package installed, used, upgraded and purged on Debian 13, as `make test` does it on this machine's release.
RELEASE ?= trixie
deb-elsewhere: dist build/.compiled $(TEST_NODES) ## the package on Debian 13, from installation to purge, as root (RELEASE)
	test/support/packages
	ROOT=$$(test/support/debian $(RELEASE)) TAP_GREP='/installs|setup/' \
	  $(RUN_TESTS) build/test/kernel/deb.js build/test/kernel/deb-setups.js

# What CI runs. It ends with make, also if make is killed.
fresh: ## make run, lint and test in a new Debian 12 that is removed afterwards, as root on Debian
	exec setpriv --pdeathsig TERM test/support/fresh

# The tests under each release of Node that is supported; three times what `make test` takes, and no part of CI.
# `make matrix TESTS='test/bin.ts test/pipeline.ts' NODES=24` is shorter. The releases come as packages of npm's.
NODES ?= 20 22 24
NODE_PACKAGE := node-linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)
NODE_BIN = build/node/$*/node_modules/$(NODE_PACKAGE)/bin
matrix: ## the tests under Node 20, 22 and 24 (NODES='22 24', TESTS='test/bin.ts')
	test/support/packages
	test/support/newer-nats
	$(MAKE) --no-print-directory dist build/.compiled small-bites $(TEST_NODES) $(NODES:%=matrix-%)
matrix-%: build/node/%/.installed
	@echo "Node $$($(NODE_BIN)/node --version)"
	@PATH="$(abspath $(NODE_BIN)):$$PATH" $(RUN_TESTS) $(TEST_FILES:%.ts=build/%.js)
build/node/%/.installed:
	$(call say,node $*,$(@D))
	$(NPM_INSTALL) --prefix $(@D) $(NODE_PACKAGE)@$*
	touch $@

# How fast the commands are, against mawk, grep and fail2ban; LINES and ROUNDS make it shorter.
bench: dist build/.compiled ## how fast the commands are, against grep, mawk and fail2ban (LINES, ROUNDS)
	node build/test/bench/speed.js

# What lines cost that are made to be slow, long ones against short ones; half a minute.
bench-hostile: build/.compiled ## what the worst lines cost
	node build/test/bench/hostile.js

# What a ban costs the app and its other clients, as tables; about a quarter of an hour, as root.
# `make bench-ban MEASURE='load delay'` takes some of load, flood, delay.
MEASURE ?= load flood delay
bench-ban: dist build/.compiled ## what a ban costs the app and its other clients, as root
	node build/test/bench/ban.js $(MEASURE)

# How soon ten hosts refuse an attacker, and what a broker, a counter and up to 1,000 hosts take; as root, about four
# minutes. SECONDS, ATTACKERS and HOSTS make it shorter.
bench-fleet: dist build/.compiled ## what a fleet takes, and how soon all of it refuses a client, as root
	test/support/packages
	test/support/newer-nats
	node build/test/bench/fleet.js

lint: node_modules/.package-lock.json ## biome and the compiler
	npx biome check --error-on-warnings
	npx tsc --noEmit

format: node_modules/.package-lock.json ## formats the sources
	npx biome check --write

# Writes what the golden cases print: read the diff.
golden: dist build/.compiled ## writes what the golden cases print: read the diff
	GOLDEN=write $(RUN_TESTS) build/test/bin.js

# What a ban costs the port and the packet, by the kernel's own account; as root, some minutes.
bench-bpf: dist build/.compiled ## what a ban costs the port and the packet in the kernel, as root
	node build/test/bench/bpf.js

# Whether the kernel program loads, runs and attaches under another Debian kernel, in qemu; as root, some minutes.
# `make bpf-kernels KERNELS=linux-image-….deb` takes one that is there already.
KERNELS ?= linux-image-6.1
bpf-kernels: dist ## whether the kernel program runs under another Debian kernel, in qemu, as root
	test/kernel/bpf/kernels dist/xff-ban.bpf.o $(KERNELS)

clean: ## removes what was built
	rm -rf build dist

# The properties with fifty times the cases: a million hostile requests among them; and xff-ban killed 200 times.
fuzz: dist build/.compiled small-bites ## the properties with fifty times the cases
	RUNS_TIMES=50 TAP_TIMEOUT=3600 $(RUN_TESTS) build/test/uwsgi-parse/hostile.js build/test/uwsgi-parse/exact.js build/test/uwsgi-parse/stage.js build/test/uwsgi-parse/fast-trust.js build/test/uwsgi-parse/fast-layout.js build/test/uwsgi-parse/both-readers.js \
	  build/test/xff-window/window.js build/test/xff-window/fast-window.js \
	  build/test/xff-window/stage.js build/test/wire/record.js build/test/kernel/bpf-parser.js \
	  build/test/kernel/bpf-wire.js build/test/kernel/bpf-matrix.js build/test/kernel/bpf-shared.js build/test/hostile-terminal.js build/test/hostile-told.js
	CRASHES=200 TAP_TIMEOUT=3600 $(RUN_TESTS) build/test/xff-ban/crash.js

# The pipeline under attack, while its stages are killed, its reader hangs, its disk is full and its log is rotated: the
# bans are those of an undisturbed run, and nothing grows. As root; MINUTES makes it shorter, SEED repeats it.
soak: dist build/.compiled ## the pipeline under attack while everything goes wrong, for MINUTES (30), as root
	node build/test/soak/soak.js

# A fleet of ten hosts while servers are killed and hang, and counters, writers and readers are killed: every record is
# stored once, and every ban falls once on each host. As root, some minutes; SEED repeats it, ROUNDS makes it longer.
fleet-chaos: dist build/.compiled ## a fleet of ten hosts while everything is killed, as root, some minutes
	test/support/packages
	test/support/newer-nats
	node build/test/soak/fleet.js
