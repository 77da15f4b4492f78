# make run    install what is needed and start (ARGS="--source demo --seconds 20" and the like)
# make test   format, lint, types, floors, tests
# make test-frameworks  the adapters in real pipelines of Pipecat and LiveKit (part of make test)
# make test-long  hours of recording, and every fault in every process (many minutes)
# make docs   docs/ as a site in .site, to be read without a server or a network
# make fuzz   what reads other people's bytes, under a fuzzer that follows the code (SECONDS=60 for each target)
# make audit  whether what is installed is what was tested, and what is known against it, by the advisories' servers
# make lowest  what the agent does by itself, with the oldest versions that pyproject.toml allows (some minutes)
# make locked  install exactly the versions that were tested, every file checked (then make run)
# make lock   write tested.txt anew, after pyproject.toml has changed
# make train  all weights again, from ../shared/data and CLIPS
# make evaluate  what the models are worth, on what they have not met: writes docs/evaluation.md (CLIPS as for train)
# make bench  what this machine takes for a session, beside every budget: writes docs/benchmarks.md (about 10 minutes)
# make soak   40 minutes at real time, 19 overloaded now and then, 3 hours under a virtual clock: writes docs/reliability.md (ARGS=--help)
# make bench-speech  word errors, delays and word times of each speech engine (CLIPS=DIR adds conversation; ARGS=--help)
PYTHON ?= python3.11
SECONDS ?= 60
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check

.PHONY: run test test-frameworks test-long docs fuzz audit lock lowest locked train evaluate bench soak bench-speech clean

run: .venv/live.stamp
	@sh scripts/system-libraries live
	@exec $(BIN)/deadpan run $(ARGS)

test: .venv/dev.stamp
	@sh scripts/system-libraries test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -n 2 --dist loadfile
	$(MAKE) test-frameworks

# The adapters beside the real frameworks, which want other versions of what the agent wants: so beside the client alone
test-frameworks: .venv-frameworks/stamp
	.venv-frameworks/bin/mypy --config-file tests/frameworks/mypy.ini
	.venv-frameworks/bin/pytest -c tests/frameworks/pytest.ini tests/frameworks

test-long: .venv/dev.stamp
	@sh scripts/system-libraries test
	$(BIN)/pytest -m long -s tests

docs: .venv/docs.stamp
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Written: open .site/index.html"

fuzz: .venv/dev.stamp
	@$(BIN)/python -m pip install --quiet --editable '.[fuzz]'
	@$(BIN)/python -c 'import atheris' 2>/dev/null || { echo "there is no atheris for this system: skipped"; exit 0; }; \
	for target in message stream memory key recording requests feed; do \
		echo "fuzzing $$target for $(SECONDS) s"; \
		$(BIN)/python -m tests.fuzz $$target .fuzz/$$target -max_total_time=$(SECONDS) -artifact_prefix=.fuzz/ || exit 1; \
	done

# CLIPS names folders of clips as published, or bare clones of repositories that hold them (docs/training.md)
train: .venv/dev.stamp
	@test -n "$(CLIPS)" || { echo 'say where the clips are: make train CLIPS="DIR DIR"'; exit 1; }
	$(BIN)/python -m training.text
	$(BIN)/python -m training.sound --clips $(CLIPS)
	$(BIN)/python -m training.clips --clips $(CLIPS)
	$(BIN)/python -m training.delivery --clips $(CLIPS)
	$(BIN)/python -m training.fusion --clips $(CLIPS)

evaluate: .venv/dev.stamp
	@test -n "$(CLIPS)" || { echo 'say where the clips are: make evaluate CLIPS="DIR DIR"'; exit 1; }
	$(BIN)/python -m training.evaluate --clips $(CLIPS)

bench: .venv/dev.stamp
	@sh scripts/system-libraries live
	$(BIN)/python -m bench $(ARGS)
	$(BIN)/python -m bench.stream

soak: .venv/dev.stamp
	@sh scripts/system-libraries live
	$(BIN)/python -m bench.soak $(ARGS)

# CLIPS as for train
bench-speech: .venv/dev.stamp
	@sh scripts/system-libraries live
	$(BIN)/python -m bench.speech $(if $(CLIPS),--clips $(CLIPS)) $(ARGS)

# In an environment of its own: what audits is not what is audited
audit: .venv/dev.stamp
	@test -d .venv-audit || $(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.9,<3'
	$(BIN)/python scripts/audit.py .venv-audit/bin/pip-audit

# The versions that are installed and tested now, with the hashes of all their files
lock: .venv/dev.stamp
	@test -d .venv-audit || $(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@sed -n '/^#/p' tested.txt > .venv-audit/head.txt
	@$(BIN)/python -m pip freeze --exclude-editable | grep -v '@ file:' > .venv-audit/installed.txt
	@.venv-audit/bin/uv pip compile pyproject.toml --extra live --extra bridge --extra mcp --extra wyoming --extra faster-whisper --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --quiet --constraint .venv-audit/installed.txt --output-file .venv-audit/body.txt
	@cat .venv-audit/head.txt .venv-audit/body.txt > tested.txt

# Tools of the tests are as new as ever; types and schemas are of the newest versions, and so not held against the oldest
LOWEST := .venv-lowest/bin/python
lowest:
	@test -d .venv-lowest || $(PYTHON) -m venv .venv-lowest
	@$(LOWEST) -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@$(LOWEST) -m uv pip compile pyproject.toml --extra live --extra bridge --extra mcp --extra wyoming --extra parquet \
		--resolution lowest-direct --no-header --quiet --output-file .venv-lowest/lowest.txt
	@$(LOWEST) -m uv pip install --python $(LOWEST) --quiet --requirement .venv-lowest/lowest.txt --editable . \
		hypothesis jiwer jsonschema praat-parselmouth pympi-ling pytest pytest-timeout pytest-xdist
	$(LOWEST) -m pytest tests/agent tests/deadpan tests/encoders tests/fusion \
		-k "not well_typed and not schemas_are_in_step" -n 2 --dist loadfile

# Exactly what was tested, each file held against its hash, where the others take the newest that fits
locked: .venv/bin/python
	$(PIP) --require-hashes --requirement tested.txt
	$(PIP) --no-deps --editable .
	@touch .venv/live.stamp

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; on Debian: apt-get install python3.11 python3.11-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/live.stamp: pyproject.toml | .venv/bin/python
	@echo "Installing deadpan and its models into .venv (once; about a minute and 1.4 GB)"
	$(PIP) --editable '.[live]'
	@touch $@

.venv/dev.stamp: pyproject.toml | .venv/bin/python
	@echo "Installing deadpan, its models and its test tools into .venv (once)"
	$(PIP) --editable '.[live,dev,ray,docs,train,whisper,faster-whisper,bridge,mcp,wyoming]'
	@touch $@ .venv/live.stamp .venv/docs.stamp

.venv/docs.stamp: pyproject.toml | .venv/bin/python
	@echo "Installing what builds the pages into .venv (once)"
	$(PIP) --quiet --editable '.[docs]'
	@touch $@

.venv-frameworks/stamp: pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed"; exit 1; }
	@echo "Installing the assistants' frameworks into .venv-frameworks (once)"
	$(PYTHON) -m venv .venv-frameworks
	.venv-frameworks/bin/python -m pip install --disable-pip-version-check --editable '.[pipecat,livekit]' 'mypy>=1.14,<3' 'pytest>=8.3,<10' 'pytest-timeout>=2.3,<3'
	@touch $@

clean:
	rm -rf .venv .venv-frameworks .venv-audit .venv-lowest build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
