# Set-up and the daily commands. `make demo` and `make test` do all that is needed from a bare clone.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo run test check mutants bench fit soak lock clean

# Rebuilt only when the lock file or the package's metadata changes.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tocsin needs Python 3.11 or newer; set PYTHON=… to one."; exit 1; }
	@echo "Setting up .venv (once; a minute or two) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/ready ## plays the sample feeds through the whole path into the terminal
	@$(BIN)/tocsin demo

run: .venv/ready ## the bot
	@$(BIN)/tocsin run

# One more than a small machine has cores, because many tests wait for programs and clocks.
test: .venv/ready
	@$(BIN)/python -m pytest -n 3 --dist worksteal

check: .venv/ready ## style, types, and known weaknesses of dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python .ci/audit.py requirements.lock

mutants: .venv/ready ## shows that the tests notice every deliberate mistake of tests/mutants: make mutants [ONLY=part-of-a-name]
	@$(BIN)/python -m tests.mutants $(ONLY)

bench: .venv/ready ## measures; never part of the tests
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.lookups

# May be given: CYCLES, SEED, DATABASE=postgresql (or an address), MINUTES (memory over so long a time, without kills).
soak: .venv/ready ## kills the program at random moments, 200 times, and asks whether anything was lost or told twice
	@$(BIN)/python -m tests.soak $(if $(CYCLES),--cycles $(CYCLES)) $(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE)) $(if $(MINUTES),--minutes $(MINUTES))

# Without LABELS every fit takes the project's own training documents, and rewrites what is shipped to the byte.
fit: .venv/ready ## learns the weights of relevance, events, parties, key points and merging anew: make fit [LABELS="one.jsonl two.jsonl@even"]
	@$(BIN)/python -m bot.fit $(LABELS)
	@$(BIN)/python -m bot.fit.event $(LABELS)
	@$(BIN)/python -m bot.fit.parties $(LABELS)
	@$(BIN)/python -m bot.fit.keypoints $(LABELS)
	@$(BIN)/python -m bot.fit.merging $(LABELS)

lock: .venv/ready ## compiles the pinned versions and hashes anew, for every Python from 3.11 on
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra postgres --group dev --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv
