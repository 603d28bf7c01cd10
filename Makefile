# make demo    measure real models on this machine, rate them, build the site
# make test    set up and run every test, browser tests included
# make site    build the site from submissions/ and site/editions/;  make serve  shows it
# make showcase   the demo, and the published results of others from ../shared/data (WATTSTAR_DATA), on one site
# make screenshots   pictures of every type of page of the built site;  make lighthouse  its scores, through npm
# make perf-site   sites of 1,000 to 50,000 models beside MkDocs and Zensical; rewrites site/pages/scale.md
# make perf-boards  a board of 1,000 and one of 10,000 models in a browser; rewrites its section of site/pages/scale.md
# make rehearse    a submission's whole circle on this machine, from its pull request to its badge: a minute
# make fuzz    what reads files of strangers, with tens of thousands of bad ones: ten minutes, or FUZZ_SECONDS=60 make fuzz
# make gpu-check   on a machine with an NVIDIA GPU: eight minutes of questions to the card, see tests/gpu/README.md
# make perf-meter  our meter beside Zeus, CodeCarbon and a naive one on a simulated card: some nine minutes;
#                  rewrites the figures of site/pages/meter.md
# make perf-harness  what our own loop costs beside the bare model call and two others; rewrites site/pages/harness.md
# make perf-ratings  10,000 to a million runs to ratings, beside the same rule in pandas: three minutes
# make perf-fleet  a fleet on simulated time, placed by the real placement: a minute; rewrites site/pages/fleet.md
# make perf-stars  our star rule beside three others on published results; rewrites site/pages/study.md
# make perf    the scripts behind every claim of speed;  make lint  ruff, mypy, import-linter
#
# TORCH=cuda         installs whichever newer torch the index offers, instead of the pinned one
# TORCH_INDEX=URL    takes torch from another index (the one with CPU builds, say)
# PYTHON=python3.12  makes the environment with another Python (3.11 or newer)

PYTHON ?= python3
TORCH ?= pinned
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(TORCH)

ifeq ($(TORCH),cuda)
  TORCH_REQUIREMENT := torch>=2.6
  CONSTRAINTS := $(VENV)/constraints.txt
else ifeq ($(TORCH),pinned)
  TORCH_REQUIREMENT := torch
  CONSTRAINTS := constraints.txt
else
  TORCH_REQUIREMENT := $(TORCH)
  CONSTRAINTS := $(VENV)/constraints.txt
endif

.PHONY: demo showcase screenshots lighthouse perf-site perf-boards test site serve perf perf-meter perf-stars perf-ratings perf-harness perf-fleet lint rehearse gpu-check picture clean

demo: $(READY)
	@$(BIN)/wattbench demo
	@$(BIN)/wattboard freeze demo --demo --submissions build/demo/submissions --editions build/demo/editions
	@$(BIN)/wattboard build --png --submissions build/demo/submissions --editions build/demo/editions

DATA := $(or $(WATTSTAR_DATA),../shared/data)
TABLES := aienergyscore=$(DATA)/aienergyscore-2025-02.csv mlenergy=$(DATA)/mlenergy-v3.csv

showcase: $(READY)
	@$(BIN)/wattbench demo
	@$(BIN)/wattboard freeze demo --demo --submissions build/demo/submissions --editions build/demo/editions
	@rm -rf build/imported; mkdir -p build/imported
	@for table in $(TABLES); do \
	  if [ -f "$${table#*=}" ]; then $(BIN)/wattboard import "$${table%%=*}" "$${table#*=}" --out build/imported > /dev/null || exit 1; \
	  else echo "$${table#*=} is not here: the site is built without it (WATTSTAR_DATA names another folder)."; fi; done
	@$(BIN)/wattboard build --png --submissions build/demo/submissions --editions build/demo/editions --imported build/imported

screenshots: $(READY)
	@$(BIN)/python tests/browser/take_screenshots.py

lighthouse: $(READY)
	@$(BIN)/python tests/browser/lighthouse.py

test: $(READY)
	@$(BIN)/python tests/browser/get_browser.py
	$(BIN)/python -m pytest -n 2

site: $(READY)
	@$(BIN)/wattboard build --png

serve: $(READY)
	@$(BIN)/wattboard serve

perf: $(READY)
	@for script in $(filter-out %/perf_boards.py %/perf_fleet.py %/perf_harness.py %/perf_meter.py %/perf_ratings.py %/perf_site.py %/perf_stars.py,$(wildcard tests/perf/perf_*.py)); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

perf-site: $(READY)
	@$(BIN)/python tests/perf/perf_site.py

perf-boards: $(READY)
	@$(BIN)/python tests/browser/get_browser.py
	@$(BIN)/python tests/perf/perf_boards.py

perf-ratings: $(READY)
	@$(BIN)/python tests/perf/perf_ratings.py

perf-harness: $(READY)
	@$(BIN)/python tests/perf/perf_harness.py --write

perf-fleet: $(READY)
	@$(BIN)/python tests/perf/perf_fleet.py --write

perf-stars: $(READY)
	@$(BIN)/python tests/perf/perf_stars.py --write

perf-meter: $(READY)
	@$(BIN)/python tests/perf/perf_meter.py --write

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

rehearse: $(READY)
	@$(BIN)/python tests/rehearse.py

fuzz: $(READY)
	@$(BIN)/python tests/fuzz_for.py

# Needs no environment of ours: a machine with a GPU and no index has a python3 with torch of its own.
gpu-check:
	@$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) tests/gpu/gpu_check.py

picture: $(READY)
	@$(BIN)/python tests/browser/take_picture.py

clean:
	rm -rf build

# torch stands in the same command as everything else: on its own, pip may choose another build.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Wattstar needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt
	@echo "Setting up $(VENV): torch and some 90 packages, a minute or two with a near index."
	@$(BIN)/python -m pip install --disable-pip-version-check $(if $(MAKE_TERMOUT),,--quiet) \
	  $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) \
	  --constraint $(CONSTRAINTS) '$(TORCH_REQUIREMENT)' --editable '.[bench,demo,dev,fleet]'
	@rm -f $(VENV)/.ready-*
	@touch $@
