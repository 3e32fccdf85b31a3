# Two commands: `make run` starts Glimpse, `make test` tests it. Both set themselves up in .venv.
#
# PYTHON                 the Python to build .venv with (default: the first one that is new enough)
# GLIMPSE_TORCH_INDEX    another package index for torch, e.g. https://download.pytorch.org/whl/cpu
# PYTEST_OPTIONS         what pytest is given besides, e.g. tests/jobs; a process tests for each core, four at most

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
INSTALL = $(VENV)/bin/python -m pip install --disable-pip-version-check \
	$(if $(GLIMPSE_TORCH_INDEX),--extra-index-url $(GLIMPSE_TORCH_INDEX)) -r

export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: run test lint format clean

run: $(VENV)/installed
	@exec $(VENV)/bin/python -m launch

test: $(VENV)/installed-dev
	@exec $(VENV)/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(PYTEST_OPTIONS)

lint: $(VENV)/installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python -m tools.vulnerabilities
	DJANGO_SETTINGS_MODULE=tests.settings $(VENV)/bin/python manage.py makemigrations --check --dry-run
	GLIMPSE_SECRET_KEY=$$($(VENV)/bin/python -c 'import secrets; print(secrets.token_urlsafe(50))') GLIMPSE_HTTPS=1 \
		$(VENV)/bin/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/installed-dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/pip:
	@$(if $(PYTHON),,echo "Glimpse needs Python 3.11 or newer, and found $$(python3 --version 2>&1): install one, or name it with PYTHON=/path/to/python3." >&2; exit 1)
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "Glimpse needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; exit 1; }
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); echo "Python's venv module is incomplete: on Debian or Ubuntu, install python3-venv." >&2; exit 1; }

$(VENV)/installed: requirements.txt constraints.txt | $(VENV)/bin/pip
	@echo "Installing what requirements.txt pins; the first time this takes some minutes …"
	@$(INSTALL) requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements.txt requirements-dev.txt constraints.txt | $(VENV)/bin/pip
	@echo "Installing what requirements-dev.txt pins; the first time this takes some minutes …"
	@$(INSTALL) requirements-dev.txt
	@touch $(VENV)/installed $@
