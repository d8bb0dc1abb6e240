"""Nothing that is sent to a node ends it, whatever it is."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from helpers.camera import CAMERA, TestCamera, encoded
from helpers.graph import DEADLINE, Graph, Process
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters, SetParametersAtomically
from sensor_msgs.msg import Image

from depth_perception.nodes.log import REPEAT

NODES = ("depth_node", "odometry_node", "point_cloud_node")
RAISING = """
import sys
from depth_perception.nodes import main
from depth_perception.nodes.depth_node import DepthNode

class Raising(DepthNode):
    def __init__(self, shared):
        super().__init__(shared)
        self.create_timer(0.1, self.fail)

    def fail(self):
        raise ValueError("boom\\n[FATAL] forged")

sys.exit(main.run({"raising": Raising}))
"""

STUCK = """
import sys, threading
from depth_perception.nodes import main
from depth_perception.nodes.depth_node import DepthNode

class Stuck(DepthNode):
    def own_engine(self, engine):
        owned = super().own_engine(engine)
        owned.run = self.run_for_ever
        return owned

    def run_for_ever(self, inputs, outputs=None):
        print("it runs", flush=True)
        threading.Event().wait()

sys.exit(main.run({"stuck": Stuck}))
"""


@pytest.fixture(scope="module")
def process(graph: Graph, models: Path) -> Iterator[Process]:
    """The three nodes."""
    pose = {"odometry_node:camera_pose": "[0.0, 0.0, 1.5, 0.0, 0.0, 0.0]"}
    files = {"depth_node:model": models / "depth.onnx", "odometry_node:model": models / "pose.onnx"}
    with graph.node_process("perception", **files, **pose) as process:
        yield process
        assert process.alive
        assert process.stop() == 0


def state(graph: Graph, node: str) -> int:
    return graph.call(GetState, f"/{node}/get_state", GetState.Request()).current_state.id


def change(graph: Graph, node: str, number: int, label: str = "") -> bool:
    request = ChangeState.Request(transition=Transition(id=number, label=label))
    return graph.call(ChangeState, f"/{node}/change_state", request).success


def wait_until_active(graph: Graph, node: str) -> None:
    graph.until(lambda: state(graph, node) == State.PRIMARY_STATE_ACTIVE, f"{node} to be active")


@pytest.mark.parametrize("node", NODES)
def test_a_transition_that_is_not_possible_is_refused(graph: Graph, process: Process, node: str) -> None:
    wait_until_active(graph, node)
    for number in (*range(9), 10, 30, 60, 98, 99, 255):
        if number not in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVE_SHUTDOWN):
            assert not change(graph, node, number)
    assert not change(graph, node, 0, "configure")
    assert not change(graph, node, 0, "x" * 100_000 + "\n")
    assert state(graph, node) == State.PRIMARY_STATE_ACTIVE
    said = [line for line in process.output.splitlines() if f"[{node}]" in line and "is not possible" in line]
    assert "is not possible while active, expected deactivate (4), shutdown (7)" in said[0]
    assert max(map(len, process.output.splitlines())) < 2000


@pytest.mark.parametrize("node", NODES)
def test_a_parameter_of_no_type_is_refused_and_those_beside_it_are_set(
    graph: Graph, process: Process, node: str
) -> None:
    odd = Parameter(name="use_sim_time", value=ParameterValue(type=99))
    good = Parameter(name="use_sim_time", value=ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=False))
    request = SetParameters.Request(parameters=[good, odd, good])
    results = graph.call(SetParameters, f"/{node}/set_parameters", request).results
    assert [result.successful for result in results] == [True, False, True]
    assert "99" in results[1].reason
    atomic = SetParametersAtomically.Request(parameters=[good, odd])
    result = graph.call(SetParametersAtomically, f"/{node}/set_parameters_atomically", atomic).result
    assert not result.successful
    assert "99" in result.reason
    request = GetParameters.Request(names=["use_sim_time", "\n" * 1000, ""])
    graph.call(GetParameters, f"/{node}/get_parameters", request)
    assert state(graph, node) == State.PRIMARY_STATE_ACTIVE


def test_a_manager_takes_nodes_through_their_states_and_is_told_where_it_cannot(
    graph: Graph, process: Process, models: Path
) -> None:
    """As upstream's lifecycle managers do it: all nodes one step, and no further where one refuses."""
    up = (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
    down = (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP)

    def all_of(nodes: tuple[str, ...], transitions: tuple[int, ...]) -> bool:
        return all(change(graph, node, transition) for transition in transitions for node in nodes)

    def refused() -> bool:
        assert not all_of(NODES, up)  # they have started by themselves
        return "transition 1 is not possible while active" in process.output

    wait_until_active(graph, NODES[0])
    graph.until(refused, "word of it, which comes once a second")
    assert "set autostart to false" in process.wait_for_output("transition 1 is not possible while active")
    managed = {"name": "managed", "model": models / "depth.onnx", "autostart": False}
    with graph.node_process("depth_node", **managed) as other:
        for _ in range(2):
            assert all_of(("managed",), up)
            assert state(graph, "managed") == State.PRIMARY_STATE_ACTIVE
            assert all_of(("managed",), down)
        assert change(graph, "managed", Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
        assert not change(graph, "managed", Transition.TRANSITION_CONFIGURE)
        assert "expected none any more" in other.wait_for_output("is not possible while finalized")
        assert other.stop() == 0


def test_what_a_callback_raises_is_one_line_and_the_node_lives(graph: Graph, models: Path) -> None:
    arguments = ["-c", RAISING, "--ros-args", "-r", "__node:=raising", "-p", f"model:={models / 'depth.onnx'}"]
    with (
        graph.run(arguments) as process,
        graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
    ):
        begin = time.monotonic()
        process.wait_for_output("ValueError: boom")
        wait_until_active(graph, "raising")
        diagnostics.clear()
        graph.until(lambda: len([m for m in diagnostics if m.status[0].name == "raising"]) > 2, "diagnostics")
        assert process.output.count("ValueError: boom") <= 1 + (time.monotonic() - begin) / REPEAT
        assert not any(line.startswith("[FATAL]") for line in process.output.splitlines())
        assert process.stop() == 0


def test_a_model_that_never_ends_holds_up_no_answer(graph: Graph, models: Path) -> None:
    arguments = ["-c", STUCK, "--ros-args", "-r", "__node:=stuck", "-p", f"model:={models / 'depth.onnx'}"]
    with (
        graph.run(arguments) as process,
        graph.listen(Image, "depth/image_rect"),
        TestCamera(graph, CAMERA) as camera,
    ):
        camera.wait_for_listeners()
        graph.until(lambda: camera.send() and "it runs" in process.output, "a run of the model")
        answer = graph.call(GetParameters, "/stuck/get_parameters", GetParameters.Request(names=["autostart"]))
        assert answer.values[0].bool_value
        closer = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=20.0)
        request = SetParameters.Request(parameters=[Parameter(name="maximum_range", value=closer)])
        assert graph.call(SetParameters, "/stuck/set_parameters", request).results[0].successful
        assert state(graph, "stuck") == State.PRIMARY_STATE_ACTIVE
        assert change(graph, "stuck", Transition.TRANSITION_DEACTIVATE)
        assert state(graph, "stuck") == State.PRIMARY_STATE_INACTIVE
        process.signal(signal.SIGKILL)  # the end would wait for the model
        process.wait(DEADLINE)


def test_two_nodes_of_one_name_are_said(graph: Graph, models: Path) -> None:
    twin = {"name": "twin", "model": models / "depth.onnx", "autostart": False}
    with graph.node_process("depth_node", **twin) as one, graph.node_process("depth_node", **twin) as other:
        for process in (one, other):
            assert "[WARN]" in process.wait_for_output("2 nodes are called /twin")


def test_a_long_name_stays_out_of_log_and_diagnostics(graph: Graph, process: Process) -> None:
    wait_until_active(graph, "depth_node")
    with graph.listen(Image, "depth/image_rect"), graph.listen(DiagnosticArray, "/diagnostics") as diagnostics:
        with TestCamera(graph, CAMERA) as camera:
            camera.wait_for_listeners()
            message = encoded(np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8), "rgb8")
            message.encoding = "odd\n[FATAL] forged" + "x" * 1_000_000

            def failed() -> Any:
                camera.send(message)
                mine = [item for m in diagnostics for item in m.status if item.name == "depth_node"]
                return mine and "forged" in mine[-1].message and mine[-1]

            found = graph.until(failed, "diagnostics of the failure")
        assert len(found.message) <= 1000
        assert all(len(value.value) <= 1000 and "\n" not in value.value for value in found.values)
        assert not any(line.startswith("[FATAL]") for line in process.output.splitlines())
        assert len(process.output) < 100_000
