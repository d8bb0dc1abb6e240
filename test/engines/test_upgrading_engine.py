"""A model runs while a better engine for it is being built."""

import threading
import time

import numpy as np
import pytest
from helpers.models import luma_depth, write_depth_model

from depth_perception.engines.choose import BACKENDS, open_engine
from depth_perception.engines.engine import EngineError
from depth_perception.engines.kept_engines import KEPT
from depth_perception.engines.onnxruntime_engine import OnnxRuntime, OnnxRuntimeSession
from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera

IMAGE = np.random.default_rng(0).integers(0, 256, (1, 32, 64, 3), np.uint8)


class SlowToBuild(OnnxRuntime):
    """ONNX Runtime in the place of a backend that must be built for the GPU first."""

    name = "slow"
    title = "Slow to build"

    def __init__(self):
        self.go_on = threading.Event()
        self.fails = False

    def devices(self):
        return ("GPU",)

    def is_quick(self, graph, options):
        return False

    def session(self, graph, options):
        while not self.go_on.wait(0.01):
            if not options.progress("parsing", 3, 7):
                raise EngineError("cancelled")
        if self.fails:
            raise EngineError("no room on the GPU")
        return OnnxRuntimeSession(graph, options, ["CPUExecutionProvider"])


@pytest.fixture
def slow():
    return SlowToBuild()


@pytest.fixture
def engine(slow, tmp_path):
    write_depth_model(tmp_path / "depth.onnx")
    return open_engine(tmp_path / "depth.onnx", wait=False, backends={"slow": slow, **BACKENDS})


def answer(engine):
    np.testing.assert_allclose(engine.run({"image": IMAGE})["depth"], luma_depth(IMAGE), rtol=1e-5)
    return engine.description


def until(engine, condition):
    deadline = time.monotonic() + 30
    while not condition(answer(engine)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return engine.description


def test_it_runs_meanwhile_and_changes_over(engine, slow):
    assert answer(engine).backend == "openvino"
    assert "Slow to build is being built: parsing, 3 of 7" in until(engine, lambda found: "parsing" in found.note).note
    slow.go_on.set()
    changed = until(engine, lambda found: found.backend == "slow")
    assert (changed.backend, changed.note) == ("slow", "")
    engine.close()


def test_it_stays_where_it_is_if_that_fails_and_says_why(engine, slow):
    slow.fails = True
    slow.go_on.set()
    found = until(engine, lambda found: "not used" in found.note)
    assert found.backend == "openvino"
    assert "Slow to build is not used" in found.note
    assert "no room on the GPU" in found.note
    engine.close()


def test_closing_ends_the_build(engine):
    assert answer(engine).backend == "openvino"
    engine.close()  # would wait for ever otherwise


def test_what_waits_has_the_best_at_once(slow, tmp_path):
    write_depth_model(tmp_path / "depth.onnx")
    slow.go_on.set()
    found = open_engine(tmp_path / "depth.onnx", backends={"slow": slow, **BACKENDS})
    assert found.description.backend == "slow"


def test_what_takes_the_camera_s_image_is_built_too(engine, slow):
    camera = Camera(128, 64, 80.0, 80.0, 63.5, 31.5)
    image = np.random.default_rng(1).integers(0, 256, (1, 64, 128, 3), np.uint8)
    assert engine.rather_takes_camera
    sampled = engine.at(64, 32, NetworkView(camera, 64, 32).sampling)
    before = sampled.run({"camera_image": image})["depth"].copy()
    assert sampled.description.backend != "slow"
    slow.go_on.set()
    deadline = time.monotonic() + 30
    while sampled.description.backend != "slow" and time.monotonic() < deadline:
        np.testing.assert_allclose(sampled.run({"camera_image": image})["depth"], before, rtol=1e-3)
    assert sampled.description.backend == "slow"
    engine.close()


def test_a_camera_that_zooms_meanwhile_leaves_few_builds_and_may_come_again(engine, slow):
    image = np.random.default_rng(1).integers(0, 256, (1, 64, 128, 3), np.uint8)
    cameras = [Camera(128, 64, 80.0, 80.0, 63.5, 31.5, (0.01 * zoom, 0.0, 0.0, 0.0)) for zoom in range(2 * KEPT)]
    zooms = [NetworkView(camera, 64, 32) for camera in cameras]
    first = engine.at(64, 32, zooms[0].sampling).run({"camera_image": image})["depth"].copy()
    for view in zooms:
        engine.at(64, 32, view.sampling)
    assert sum(thread.name == "build" for thread in threading.enumerate()) == 1 + KEPT
    again = engine.at(64, 32, zooms[0].sampling)
    np.testing.assert_array_equal(again.run({"camera_image": image})["depth"], first)
    slow.go_on.set()
    engine.close()
