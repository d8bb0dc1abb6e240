"""From an ONNX graph to a TensorRT plan. Neither a GPU nor a driver is needed by TensorRT for RTX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from depth_perception.engines.backend import Progress
from depth_perception.engines.engine import EngineError
from depth_perception.engines.tensorrt_library import Library


class BuildCancelledError(EngineError):
    """A build that somebody ended."""


def build_plan(
    library: Library,
    graph: bytes,
    *,
    targets: Sequence[str] = (),
    reduced: bool = False,
    progress: Progress | None = None,
) -> bytes:
    """The plan of a graph, in the types that the graph itself has.

    Args:
        targets: compute capabilities to build for, such as ``8.6``; none is the GPU that is here, or whatever the
            library builds for by default where there is none.
        reduced: float32 may be multiplied with the ten bits of TF32.

    Raises: `EngineError` naming the operator that is not supported, or why there is no plan; `BuildCancelledError`.
    """
    api = library.api
    library.complaints.clear()
    builder = api.Builder(library.log)
    network = builder.create_network(1 << int(api.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = api.OnnxParser(network, library.log)
    if not parser.parse(graph):
        raise EngineError(f"{library.title} does not take the graph: {_refusal(parser)}")
    config = builder.create_builder_config()
    if not reduced:
        config.clear_flag(api.BuilderFlag.TF32)
    _set_targets(library, config, targets)
    monitor = _monitor(api, progress) if progress is not None else None
    if monitor is not None:
        config.progress_monitor = monitor
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        if monitor is not None and monitor.cancelled:
            raise BuildCancelledError("the build was cancelled")
        raise EngineError(f"{library.title} builds no plan: {complaint(library)}")
    return bytes(plan)


def known_targets(library: Library) -> dict[str, Any]:
    """The compute capabilities a library can be asked for, by names such as ``8.6``."""
    if not library.chooses_targets:
        return {}
    members = library.api.ComputeCapability.__members__
    return {f"{name[2:-1]}.{name[-1]}": value for name, value in members.items() if name.startswith("SM")}


def check_targets(library: Library, targets: Sequence[str]) -> None:
    """Raises: `EngineError` if the library builds for no such GPUs."""
    known = known_targets(library)
    if targets and not known:
        raise EngineError(f"{library.title} builds for the GPU it runs on alone: leave the targets out there")
    if unknown := [target for target in targets if target not in known]:
        raise EngineError(
            f"{library.title} {library.version} builds for no GPU of compute capability {', '.join(unknown)}, expected"
            f" some of {', '.join(known)}"
        )


def complaint(library: Library) -> str:
    """What the library logged last, without where in its sources it noticed."""
    if not library.complaints:
        return "it does not say why"
    return " ".join(library.complaints[-1].split())


def _set_targets(library: Library, config: Any, targets: Sequence[str]) -> None:
    check_targets(library, targets)
    if targets:
        config.num_compute_capabilities = len(targets)
        for index, target in enumerate(targets):
            config.set_compute_capability(known_targets(library)[target], index)


def _refusal(parser: Any) -> str:
    """Which operator of which node is not taken, and why."""
    reasons = []
    for index in range(parser.num_errors):
        error = parser.get_error(index)
        operator, node = error.node_operator(), error.node_name() or error.node()
        reasons.append(f"{operator} in node {node}: {error.desc()}" if operator else error.desc())
    return " ".join((reasons or ["it does not say why"])[-1].split())


def _monitor(api: Any, progress: Progress) -> Any:
    class Monitor(api.IProgressMonitor):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            api.IProgressMonitor.__init__(self)
            self.cancelled = False
            self._whole, self._done, self._steps = "", 0, 0

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            if parent_phase is None:
                self._whole, self._done, self._steps = phase_name, 0, num_steps

        def step_complete(self, phase_name: str, step: int) -> bool:
            if phase_name == self._whole:
                self._done = step + 1
            self.cancelled |= not progress(phase_name, self._done, self._steps)
            return not self.cancelled

        def phase_finish(self, phase_name: str) -> None:
            if phase_name == self._whole:
                progress(phase_name, self._steps, self._steps)

    return Monitor()
