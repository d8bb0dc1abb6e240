"""ONNX Runtime: the reference backend, on the CPU, or on a GPU where the installed build has CUDA."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.engines.contract import check_graph, check_inputs, is_first_alone
from depth_perception.engines.engine import EngineDescription, EngineError, TensorInfo
from depth_perception.model_file import read_description, read_part


class OnnxRuntimeEngine:
    """Runs a model in float32 with ONNX Runtime.

    Args:
        threads: CPU threads for one run; None leaves the number to ONNX Runtime (one per physical core).

    Raises: `ModelFileError` for a file that is no model of ours, `EngineError` if ONNX Runtime is not installed or
    cannot run it.
    """

    def __init__(self, path: str | Path, *, threads: int | None = None) -> None:
        model = read_description(path)
        try:
            import onnxruntime
        except ImportError:
            raise EngineError("ONNX Runtime is not installed: pip install onnxruntime") from None

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # its warnings are about optimisation, not about the user
        # Workers that spin while they wait take the cores from the other nodes: 48 percent slower beside one of them.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if threads is not None:
            options.intra_op_num_threads = threads
        available = onnxruntime.get_available_providers()
        providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]

        def session(graph: str | bytes) -> Any:
            try:
                return onnxruntime.InferenceSession(graph, options, providers)
            except Exception as error:  # its exceptions share no base class but this one
                raise EngineError(f"{path}: ONNX Runtime cannot run it: {str(error).splitlines()[0]}") from None

        self._whole = self._first_alone = session(str(path))
        self.model = model
        self.inputs = tuple(_tensor_info(node) for node in self._whole.get_inputs())
        outputs = tuple(_tensor_info(node) for node in self._whole.get_outputs())
        self.outputs = check_graph(model, self.inputs, outputs)
        if len(outputs) > 1:  # it would compute all of them, whichever are asked for
            self._first_alone = session(read_part(path, self.outputs[0].name))
        on_gpu = self._whole.get_providers()[0] == "CUDAExecutionProvider"
        self.description = EngineDescription("onnxruntime", onnxruntime.__version__, "f32", "GPU" if on_gpu else "CPU")

    def run(self, inputs: Mapping[str, npt.NDArray], outputs: Collection[str] | None = None) -> dict[str, npt.NDArray]:
        check_inputs(self.inputs, inputs)
        session = self._first_alone if is_first_alone(self.outputs, outputs) else self._whole
        names = [node.name for node in session.get_outputs()]
        try:
            return dict(zip(names, session.run(names, dict(inputs)), strict=True))
        except Exception as error:
            raise EngineError(f"ONNX Runtime failed to run '{self.model.name}': {str(error).splitlines()[0]}") from None

    def close(self) -> None:
        del self._whole, self._first_alone


_DTYPES: dict[str, np.dtype] = {"tensor(uint8)": np.dtype(np.uint8), "tensor(float)": np.dtype(np.float32)}


def _tensor_info(node: Any) -> TensorInfo:
    shape = tuple(size if isinstance(size, int) else -1 for size in node.shape)
    return TensorInfo(node.name, shape, _DTYPES.get(node.type, np.dtype(np.void)))
