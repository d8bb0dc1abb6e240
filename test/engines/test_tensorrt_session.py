"""What a TensorRT session does with a GPU, on a stand-in for one; and the real library where there is none."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.gpu_stand_in import Cuda, stand_in_library
from helpers.models import luma_depth, write_depth_model

from depth_perception.engines import cuda as cuda_room
from depth_perception.engines import tensorrt_engine
from depth_perception.engines.backend import Options
from depth_perception.engines.choose import open_engine
from depth_perception.engines.engine import EngineError
from depth_perception.engines.plan_cache import Plan, PlanCache, PlanKey
from depth_perception.engines.tensorrt_engine import PlanError, TensorRtSession, key_of, open_session
from depth_perception.engines.tensorrt_library import library

KEY = PlanKey("abc", "tensorrt", "1.0", (), "f32", {})


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def model(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", extras=("confidence",))
    return tmp_path / "depth.onnx"


@pytest.fixture
def cuda(monkeypatch):
    stand_in = Cuda()
    monkeypatch.setattr(cuda_room, "runtime", lambda: stand_in)
    return stand_in


@pytest.fixture(params=[False, True], ids=["tensorrt", "tensorrt_rtx"])
def found(request, cuda, monkeypatch):
    stand_in = stand_in_library(cuda, for_rtx=request.param)
    monkeypatch.setattr(tensorrt_engine, "build_plan", lambda found, graph, **options: graph)
    return stand_in


def pictures(count):
    return np.random.default_rng(0).integers(0, 256, (count, 1, 32, 64, 3), np.uint8)


def test_every_frame_gets_its_own_answer_and_no_memory(found, cuda, model):
    session = TensorRtSession(found, Plan(model.read_bytes(), KEY))
    allocated = cuda.allocations
    for image in pictures(3):
        np.testing.assert_allclose(session.run({"image": image})["depth"], luma_depth(image), rtol=1e-5)
    assert cuda.allocations == allocated == 2 * 3  # image, depth and confidence, on both sides
    assert {tensor.name for tensor in session.outputs} == {"depth", "confidence"}
    session.close()
    assert not cuda.memory
    assert not cuda.alive


def test_a_frame_is_one_graph(found, cuda, model):
    """TensorRT for RTX records one itself when it is asked to; of TensorRT the session does it."""
    session = TensorRtSession(found, Plan(model.read_bytes(), KEY))
    if found.captures_graphs:
        assert found.api.engines[0].configured.cuda_graph_strategy == "whole graph"
    else:
        assert "executable graph" in cuda.alive
    session.close()


def test_without_room_on_the_gpu_it_says_how_much_and_leaves_nothing(found, cuda, model):
    cuda.room = 4096  # less than the picture, 6 KiB
    with pytest.raises(EngineError, match=r"no room for 'image' on the GPU: .* MiB are free .*out of memory"):
        TensorRtSession(found, Plan(model.read_bytes(), KEY))
    assert not cuda.memory
    assert not cuda.alive


def test_a_plan_that_does_not_load_is_built_again_once_and_that_is_said(found, model):
    graph = model.read_bytes()
    key = key_of(found, graph, reduced=False)
    PlanCache().store(Plan(b"of another version", key, parity="alike"))
    session = open_session(found, graph, Options())
    assert session.note.startswith("the cached plan did not load (Serialization: ")
    session.close()
    again = open_session(found, graph, Options())
    assert again.note == ""
    again.close()


def test_what_answers_otherwise_than_onnx_runtime_is_refused_with_the_figure(found, cuda, model, tmp_path, monkeypatch):
    """The plan of another graph, whose depth is 10 percent more."""
    write_depth_model(tmp_path / "other.onnx", extras=("confidence",))
    monkeypatch.setattr(
        tensorrt_engine, "build_plan", lambda found, graph, **options: scaled(tmp_path / "other.onnx", 1.1)
    )
    graph = model.read_bytes()
    with pytest.raises(EngineError, match=r"differ from ONNX Runtime's by 0\.1 in the mean .* for f32 are 0\.001"):
        open_session(found, graph, Options())
    assert not cuda.memory
    assert PlanCache().find(key_of(found, graph, reduced=False)) is None


def test_parity_is_looked_at_once(found, model, monkeypatch):
    open_session(found, model.read_bytes(), Options()).close()
    monkeypatch.setattr(tensorrt_engine.parity, "check", lambda *arguments: pytest.fail("looked again"))
    open_session(found, model.read_bytes(), Options()).close()


def scaled(path, factor):
    import onnx

    model = onnx.load_model(str(path))
    end = next(node for node in model.graph.node if node.output[0] == "depth")
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(factor, np.float32), "factor"))
    model.graph.node.append(onnx.helper.make_node("Mul", [end.input[0], "factor"], ["depth"]))
    model.graph.node.remove(end)
    return model.SerializeToString()


class TestWithoutGpu:
    """The real library and the real cuda-python."""

    @pytest.fixture(autouse=True)
    def real(self):
        pytest.importorskip("tensorrt_rtx")
        pytest.importorskip("cuda.bindings")
        if tensorrt_engine.has_nvidia_gpu():
            pytest.skip("there is a GPU")

    def test_it_is_not_chosen_and_says_why_when_asked_for(self, model):
        assert open_engine(model).description.note == ""
        with pytest.raises(EngineError, match="needs an NVIDIA GPU and its driver"):
            open_engine(model, "tensorrt")

    def test_a_driver_that_fails_makes_way_for_a_cpu_and_says_so(self, model, monkeypatch):
        monkeypatch.setattr(tensorrt_engine, "has_nvidia_gpu", lambda: True)
        engine = open_engine(model)
        assert engine.description.backend == "openvino"
        assert "TensorRT cannot run it: CUDA, cudaGetDeviceProperties: " in engine.description.note

    @pytest.mark.parametrize("length", [None, 1000, 0])
    def test_plans_that_cannot_load_are_refused_with_the_library_s_reason(self, model, length):
        from depth_perception.engines.plan_builder import build_plan

        plan = build_plan(library(), model.read_bytes())[:length]
        with pytest.raises(PlanError) as refusal:
            TensorRtSession(library(), Plan(plan, replace(KEY, library="tensorrt_rtx")))
        assert "\n" not in str(refusal.value)
        assert len(str(refusal.value)) > 20
