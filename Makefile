# Everything needs only Python 3.11 or newer; the first target that runs makes .venv from the lock file.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: up test unit check bench lock contracts messages screenshots clean
.DEFAULT_GOAL := test

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Apprentice needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@echo "Installing into .venv, which takes a minute or two; later starts don't."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

up: .venv/installed
	@exec $(BIN)/apprentice up $(ARGS)

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m contracts.publish --check

unit: .venv/installed
	$(BIN)/pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test: check
	$(BIN)/python -m tests.fixtures.browser
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: .venv/installed
	$(BIN)/python -m bench $(ARGS)

contracts: .venv/installed
	$(BIN)/python -m contracts.publish

messages: .venv/installed
	mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg -k text -k say -k texts:1,2 --no-location --sort-output --omit-header -o build/messages.pot services/web
	$(BIN)/pybabel -q update -i build/messages.pot -d services/web/locale --no-fuzzy-matching --no-wrap --ignore-obsolete --omit-header
	printf '%s\n' 'msgid ""' 'msgstr ""' '"Content-Type: text/plain; charset=utf-8\n"' '"Language: bg\n"' '"Plural-Forms: nplurals=2; plural=(n != 1);\n"' '' | cat - services/web/locale/bg/LC_MESSAGES/messages.po > build/messages.po
	mv build/messages.po services/web/locale/bg/LC_MESSAGES/messages.po

screenshots: .venv/installed
	$(BIN)/python -m tests.web.places build/screenshots

lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock

clean:
	rm -rf .venv build *.egg-info
