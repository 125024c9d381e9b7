# test needs Go alone. Everything else runs against real servers on loopback:
# see e2e/README.md. Their first build takes minutes, once; they lie in
# $DEBRIEF_E2E_CACHE, by default debrief-e2e in the user's cache folder.

SHELL := /bin/bash
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# RUNLEVEL=1 keeps Debian from starting what it installs as a service.
APT_INSTALL := $(AS_ROOT) env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends
E2E := cd e2e && go test -count=1
BROWSER := $(E2E) -timeout 20m -v ./browser

.PHONY: test e2e endurance browser lab record e2e-setup

# The product's own tests.
test:
	go test ./...

# Every scenario on a real control plane, then the tests of the proving ground
# itself: that a lab leaves nothing behind, that PagerDuty's double conforms.
# Then what is published to real git servers, the watcher, which does so by
# itself, and what deploys debrief. Last, the documents in a real browser.
e2e: e2e-setup
	$(E2E) -timeout 60m -v .
	$(E2E) -timeout 20m -p 1 ./archive ./argo ./forge_openapi ./gitea ./gitserver ./lab ./pagerduty ./process ./scenario ./servers ./store ./workload
	$(E2E) -timeout 30m -parallel 4 -v ./publish
	$(E2E) -timeout 10m -v ./watch
	$(E2E) -timeout 40m -v ./endurance
	$(E2E) -timeout 30m -v ./deploy
	$(BROWSER)

# The watcher's endurance at full length: half an hour.
endurance: e2e-setup
	$(E2E) -timeout 120m -v ./endurance -kills 500 -events 50000

# The documents in Chromium and before other readers: hostile text, too.
browser: e2e-setup
	$(BROWSER)

# A cluster to play with, until Ctrl-C; with SCENARIO=name an incident in it.
lab: e2e-setup
	cd e2e && exec go run ./cmd/lab $(if $(SCENARIO),-scenario $(SCENARIO))

# One scenario, whose evidence becomes testdata/bundles/SCENARIO.zip.
record: e2e-setup
	@[ -n "$(SCENARIO)" ] || { echo "usage: make record SCENARIO=name" >&2; exit 2; }
	$(E2E) -timeout 60m -v -run '^TestProvingGround$$/^scenarios$$/^all$$/^$(SCENARIO)$$' . -record "$(CURDIR)/testdata/bundles"

# What only Debian has.
e2e-setup:
	@command -v prometheus >/dev/null || { $(AS_ROOT) apt-get update -qq && $(APT_INSTALL) prometheus; }
	@command -v chromium >/dev/null || { $(AS_ROOT) apt-get update -qq && $(APT_INSTALL) chromium; }
	@command -v git >/dev/null || { $(AS_ROOT) apt-get update -qq && $(APT_INSTALL) git; }
	@command -v gcc >/dev/null || { $(AS_ROOT) apt-get update -qq && $(APT_INSTALL) gcc libc6-dev; }
	@[ -x /usr/sbin/sshd ] || { $(AS_ROOT) apt-get update -qq && $(APT_INSTALL) openssh-server openssh-client; }
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { $(AS_ROOT) apt-get update -qq && $(APT_INSTALL) postgresql; }
	@command -v npm >/dev/null || { $(AS_ROOT) apt-get update -qq && $(APT_INSTALL) nodejs npm; }
