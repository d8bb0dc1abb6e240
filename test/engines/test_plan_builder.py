"""Plans built by the real TensorRT for RTX, which needs no GPU for that."""

import hashlib

import onnx
import pytest
from helpers.models import write_depth_model, write_pose_model

from depth_perception.engines.engine import EngineError
from depth_perception.engines.plan_builder import BuildCancelledError, build_plan, known_targets
from depth_perception.engines.tensorrt_library import library

pytest.importorskip("tensorrt_rtx")


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "depth.onnx"
    write_depth_model(path, work=2)
    return path.read_bytes()


def test_a_plan_is_built_twice_alike_and_says_how_far_it_is(graph):
    said = []

    def tell(*step):
        said.append(step)
        return True

    plan = build_plan(library(), graph, progress=tell)
    assert hashlib.sha256(plan).digest() == hashlib.sha256(build_plan(library(), graph)).digest()
    assert len({phase for phase, _, _ in said}) > 2
    assert [done for _, done, _ in said] == sorted(done for _, done, _ in said)
    assert said[-1][1] == said[-1][2] > 2


def test_a_build_ends_when_it_is_told_to(graph):
    calls = []

    def stop_at_the_second(*step):
        calls.append(step)
        return len(calls) < 2

    with pytest.raises(BuildCancelledError, match="cancelled"):
        build_plan(library(), graph, progress=stop_at_the_second)
    assert len(calls) < 10


def test_targets_are_those_of_the_library(graph):
    assert {"8.6", "8.9"} <= set(known_targets(library()))
    assert build_plan(library(), graph, targets=["8.6", "8.9"])
    with pytest.raises(EngineError, match=r"no GPU of compute capability 8\.7, expected some of 7\.5, 8\.0, 8\.6"):
        build_plan(library(), graph, targets=["8.6", "8.7"])


def test_an_operator_that_is_not_supported_is_named_with_its_node(graph):
    model = onnx.load_model_from_string(graph)
    model.graph.node[0].op_type, model.graph.node[0].name = "NoSuchOperator", "first"
    with pytest.raises(EngineError, match="NoSuchOperator in node first") as refusal:
        build_plan(library(), model.SerializeToString())
    assert "\n" not in str(refusal.value)


def test_what_is_no_graph_is_refused():
    with pytest.raises(EngineError, match="does not take the graph"):
        build_plan(library(), b"not a graph")


def test_pose_models_build(tmp_path):
    write_pose_model(tmp_path / "pose.onnx", frames=("before", "previous", "current"))
    assert build_plan(library(), (tmp_path / "pose.onnx").read_bytes())
