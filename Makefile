# One command each: `make demo` to look, `make test` to be sure. All of them make the environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test check lock clean-data

setup: $(VENV)/.installed

demo: setup
	@exec $(BIN)/headwater demo

test: setup
	@tools/browser
	@exec $(BIN)/python -m pytest -n 2

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/messages.py --check
	$(BIN)/python -m django makemigrations --check --dry-run --settings headwater.site.settings

lock:
	@PYTHON="$$(tools/python $(PYTHON))" tools/lock

# What the demo keeps: its database, files and logs. Asks first.
clean-data: setup
	@$(BIN)/headwater database stop
	@printf 'Remove the data folder %s? [y/N] ' "$${HEADWATER_HOME:-var}"; read answer; [ "$$answer" = y ]
	@rm -rf "$${HEADWATER_HOME:-var}"
	@$(BIN)/headwater database prune

# Made anew when the locked versions change; a broken install leaves no mark, so the next call begins again.
# Without --no-compile half of the time goes to byte code of modules that nobody imports.
$(VENV)/.installed: requirements/all.txt pyproject.toml
	@python="$$(tools/python $(PYTHON))" && { \
	  [ -x $(BIN)/python ] && $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || "$$python" -m venv --clear $(VENV); }
	@echo "Installing the locked packages into $(VENV) (the first time takes a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/all.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
