# Everything that a developer or a machine does with Motcua. `make run` and `make test` need git, make, Python 3.11
# with venv, and Node.js with npm; they set up the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DATA ?= var/demo
# some environments forbid Python to keep what it has compiled; hundreds of processes would each compile all of it again
unexport PYTHONDONTWRITEBYTECODE
# several at once (tests/conftest.py says how many, and why); the tests of one file stay together, as they share what they
# set up, and the files keep their order: else the slow scenarios, of few tests each, come last and one by one
PYTEST := $(BIN)/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder
# what holds the law: its own tests, and those that tell it by the pages and commands that live on it
LAW := tests/schemas $(addprefix tests/,central/test_console.py central/test_intake.py central/test_outages.py \
  central/test_outlet.py central/test_receipts_out.py web/test_issuing.py)
# central before a stand-in for a CouchDB cluster, and with PostgreSQL (tests/large.py): `couchdb` is our bare server, or the CouchDB of
# MOTCUA_COUCHDB_URL. What `make test` walks through before PouchDB Server, in a minute of two cores: machines that lose a line and
# a machine, a browser's way through an outage
LARGE := --projections=postgresql --documents
WALKS := tests/scenarios/test_status.py tests/browser/test_outage.py
# Debian packages that the tests use: a browser, poppler's readers of PDF, the font that Chromium falls back on,
# a print server and a printer
# a PKCS#11 token in software, the tool that tells poppler whom to trust, and wrong clocks
# a bare Debian to install into, and who checks units; the server of projections, and what divides machines among fronts
DEBIAN := chromium poppler-utils fonts-liberation2 cups cups-client cups-ipp-utils cups-filters avahi-daemon dbus \
  softhsm2 libnss3-tools faketime debootstrap systemd postgresql haproxy
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif

.PHONY: help setup setup-tests run test lint format pictures docs prove soak bench lock clean debian wheel deb release

help:
	@echo "make run     set up, and start the demo centre on http://127.0.0.1:8600/"
	@echo "make test    set up what the tests need, lint, and run all tests; the law's must cover 98% of its branches"
	@echo "make lint    ruff, mypy, import contracts, secrets, dependencies"
	@echo "make pictures  pictures of every page, and those of the documentation"
	@echo "make docs    build/docs/index.html: these pages as a site that needs no network"
	@echo "make prove   the long proofs (FULL=1: with all counts)"
	@echo "make soak    a week of a centre in an hour: memory, files, growth, and verify at the end"
	@echo "make bench   measure, and hold the figures against what they must be"
	@echo "make wheel   dist/motcua-*.whl, with pages, fonts, forms and the English"
	@echo "make deb     dist/motcua_*.deb: what docs/install.md installs"
	@echo "make release  dist/vVERSION: all that a release is, from its tag (docs/releasing.md); nothing is sent anywhere"
	@echo "make lock    choose new versions of the dependencies"

setup: $(VENV)/.run node_modules/.pages edge/static/vendor/.copied

setup-tests: debian $(VENV)/.tests node_modules/.tests edge/static/vendor/.copied

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.tests: $(VENV)/.run requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

node_modules/.pages: package.json package-lock.json
	npm ci --omit=dev --ignore-scripts --silent
	@touch $@

node_modules/.tests: package.json package-lock.json
	npm ci --ignore-scripts --silent
	@touch node_modules/.pages $@

# The pages serve these files themselves: no page ever asks another host for anything.
edge/static/vendor/.copied: node_modules/.pages edge/static/vendor.txt
	@mkdir -p edge/static/vendor
	@grep -v '^#' edge/static/vendor.txt | while read -r file; do cp "node_modules/$$file" edge/static/vendor/; done
	@touch $@

debian:
	@missing=""; for package in $(DEBIAN); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	  else echo "The tests need Debian packages; install them with: sudo apt-get install$$missing" >&2; exit 1; fi; fi

run: setup
	$(BIN)/motcua demo --data $(DATA)

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.audit

format: $(VENV)/.tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: setup-tests lint
	$(PYTEST) $(LAW) --cov
	$(PYTEST) $(LAW:%=--ignore=%) $(WALKS:%=--ignore=%)
	$(PYTEST) $(LARGE)=pouchdb-server $(WALKS)

# pictures of every page, of the hall, the guide, the room and an agency into build/pictures; those of the documentation to their place
pictures: setup-tests
	$(BIN)/pytest --prove=quarter tests/browser/test_every_page.py tests/browser/test_hall.py tests/browser/test_comfort.py tests/browser/test_room.py \
	  tests/browser/test_agency.py --pictures build/pictures
	cp build/pictures/{guide-*,room-*,agency}.png docs/pictures/

# what leads nowhere, and a page that nobody would find, end it
docs: $(VENV)/.tests
	$(BIN)/python -m docs.made
	$(BIN)/python -m sphinx -W --keep-going -q -E -b html docs build/docs
	@echo "build/docs/index.html"

prove: setup-tests
	$(PYTEST) --prove=$(if $(FULL),full,quarter) --timeout=3600 tests/simulation tests/scenarios tests/schemas tests/sync tests/differential tests/fronts tests/edge tests/central tests/web/test_bad_input.py tests/printing tests/install tests/docs tests/bench
	$(PYTEST) $(LARGE)=couchdb --prove=$(if $(FULL),full,quarter) --timeout=3600 tests/scenarios tests/browser tests/web

# MINUTES=2 DAYS=1: a short look
soak: setup-tests
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),60) --days $(or $(DAYS),7)

bench: setup-tests
	$(BIN)/python -m tests.bench

# the same commit gives the same bytes; nothing of an earlier build goes in
wheel: $(VENV)/.tests edge/static/vendor/.copied
	rm -rf build/lib build/bdist.*
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --wheel --no-isolation --outdir dist . > /dev/null

deb: wheel
	debian/build "$$(ls -t dist/motcua-*.whl | head -1)"

release: setup-tests
	release/build

lock: | $(VENV)/bin/python
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --no-strip-extras --no-header --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --extra install -o requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --no-strip-extras --no-header --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --extra install --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) node_modules edge/static/vendor build dist *.egg-info
