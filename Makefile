# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Both build .venv from pinned and hashed requirements the first time and reuse it afterwards.

VENV := .venv
# The first Python that starts, is 3.10 to 3.12 and can build a virtual environment.
PYTHON ?= $(shell for name in python3 python3.12 python3.11 python3.10; do \
	$$name -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& { echo $$name; break; }; done)
RUN := $(VENV)/bin/python
.DEFAULT_GOAL := help
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes
# pip compiles on one core; what does not compile is not imported either.
COMPILE := $(RUN) -m compileall -qq -j 0 $(VENV) || true
LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(RUN) -m uv pip compile --quiet --no-annotate \
	--universal --generate-hashes --python-version 3.10
# The build of torch for CPUs (x86-64, Python 3.11), where an index has it; PyPI's own are for NVIDIA GPUs.
TORCH_CPU := 6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b

.PHONY: help demo test test-newest test-ubuntu nightly lint docs lock audit workshop models clean

help:  ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/robot.stamp  ## plays the sample recording through the real nodes and writes out/demo/report.html
	$(RUN) -m depth_perception.cli demo

FAILED := --last-failed --last-failed-no-failures none

# Tests share the cores, and one more than these have work while another waits for a node; those that judge rates have
# the machine to themselves, as nodes do.
# What failed is tried once more, on a machine that has grown quiet: processes that wait for each other in real time may
# have been kept from it. What fails twice is a failure; what failed once stands in the output.
test: $(VENV)/workshop.stamp  ## every test
	$(RUN) -m pytest -m "not alone" --numprocesses $$(($$(nproc) + 1)) --maxprocesses 4 --dist worksteal \
		|| $(RUN) -m pytest -m "not alone" $(FAILED)
	$(RUN) -m pytest -m alone --ignore test/training || $(RUN) -m pytest -m alone --ignore test/training $(FAILED)

# A few minutes of tests beside other versions than those that are pinned, each in an environment of its own in cache/.
OTHERS := test/geometry test/recordings test/engines/test_engines.py test/estimators test/cli/test_main.py \
	test/cli/test_predict.py test/test_pixel_formats.py test/test_compressed_formats.py test/test_camera_info.py \
	test/test_model_file.py
UNPINNED := sed -E '/^\#|^-r/d; s/ *[=;].*//'
INSTALL := bin/python -m pip --disable-pip-version-check install --quiet --upgrade

test-newest: $(RUN)  ## the robot's side on the newest versions of all that it needs; needs the network
	$(PYTHON) -m venv cache/newest
	cache/newest/$(INSTALL) pytest hypothesis $$($(UNPINNED) requirements.in)
	cache/newest/bin/python -m pytest -p no:cacheprovider $(OTHERS)

test-ubuntu: $(RUN)  ## the same beside the NumPy, OpenCV and matplotlib of Ubuntu 24.04; needs the network
	$(PYTHON) -m venv cache/ubuntu
	cache/ubuntu/$(INSTALL) -c constraints-ubuntu.txt numpy==1.26.4 opencv-python-headless==4.6.0.66 \
		matplotlib==3.6.3 pytest hypothesis $$($(UNPINNED) requirements.in | grep -vE '^(numpy|opencv|matplotlib)')
	cache/ubuntu/bin/python -m pytest -p no:cacheprovider $(OTHERS)

nightly: $(VENV)/workshop.stamp  ## hours of what goes wrong: messages at random, a camera with faults, kills
	HYPOTHESIS_PROFILE=nightly $(RUN) -m pytest test/ros/test_fuzz.py test/test_model_file.py
	$(RUN) test/soak.py --minutes 60
	$(RUN) test/kills.py --kills 10

lint: $(VENV)/workshop.stamp  ## style, types, and the licences of what is installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) .ci/licences.py

docs: $(VENV)/docs.stamp  ## the site of the documentation, to out/site; every page, reference and drawing, without the network
	NO_MKDOCS_2_WARNING=true $(RUN) -m mkdocs build --quiet

lock: $(VENV)/workshop.stamp  ## requirements*.txt from requirements*.in, for every Python and machine; needs the network
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -c requirements.txt -o requirements-dev.txt
	$(LOCK) requirements-dev.in -c requirements.txt --no-config -o requirements-dev-cuda.txt
	$(LOCK) requirements-docs.in -c requirements-dev.txt -o requirements-docs.txt
	sed -i -e '/^torch==/,/^[a-z]/{/--hash/d}' -e '/^torch==/a\    --hash=sha256:$(TORCH_CPU)' requirements-dev.txt
	echo tensorrt-cu12-bindings==10.3.0 | $(LOCK) - --no-deps -o requirements-tensorrt-10.txt
	echo tensorrt-cu13-bindings==11.4.0.106 | $(LOCK) - --no-deps -o requirements-tensorrt-11.txt

audit: $(VENV)/workshop.stamp  ## known weaknesses of all that is pinned; needs the network, fails if any could not be looked up
	$(RUN) -m uv tool run pip-audit==2.10.1 --strict --disable-pip --require-hashes -r requirements-dev.txt

workshop: $(VENV)/workshop.stamp  ## installs what training needs, and makes nothing

DEVICE ?= cpu

models: $(VENV)/workshop.stamp  ## trains the models that ship, from nothing; resumable; DEVICE=cuda takes a GPU
	$(RUN) -m training models models --device $(DEVICE)

clean:  ## everything that the other targets made
	rm -rf $(VENV) out build install log cache runs .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN):
	@test -n "$(PYTHON)" || { echo "make: no Python 3.10, 3.11 or 3.12 with venv found: install one (Debian, Ubuntu: apt install python3-venv) or name it, make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp is written last, so an installation that was cut short is taken up again.
$(VENV)/robot.stamp: requirements.txt | $(RUN)
	@echo "Installing what the robot side needs into $(VENV) (once, about a minute) ..."
	$(PIP) -r requirements.txt
	@$(COMPILE)
	@touch $@

$(VENV)/workshop.stamp: requirements-dev.txt $(VENV)/robot.stamp | $(RUN)
	@echo "Installing what training and the tests need into $(VENV) (once, a few minutes) ..."
	$(PIP) --no-deps -r requirements-dev.txt || { echo "No torch for CPUs here: the one for GPUs it is."; \
		$(PIP) --no-deps -r requirements-dev-cuda.txt; }
	$(PIP) --no-deps --upgrade --target $(VENV)/tensorrt-10 -r requirements-tensorrt-10.txt
	$(PIP) --no-deps --upgrade --target $(VENV)/tensorrt-11 -r requirements-tensorrt-11.txt
	@$(COMPILE)
	@touch $@

$(VENV)/docs.stamp: requirements-docs.txt $(VENV)/workshop.stamp | $(RUN)
	@echo "Installing what builds the documentation into $(VENV) (once) ..."
	$(PIP) --no-deps -r requirements-docs.txt
	@$(COMPILE)
	@touch $@
