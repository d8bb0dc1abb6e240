"""What a GPU makes of our networks, in ten minutes: ``.venv/bin/python tools/on_a_gpu.py --json gpu.json``.

In a checkout whose `make test` has installed what it needs (torch of the CUDA build that requirements-dev-cuda.txt
names), on a machine with an NVIDIA GPU. Each part by itself: one that cannot run says why, and the others go on.

* torch: the light and the full dual network at 384x1248, random weights, in float32 and, by autocast, float16, called
  as they are and replayed as one CUDA graph, against what this GPU reaches in large matrix products of that type.
* engines: the model file on each backend that takes a GPU here (TensorRT or TensorRT for RTX, ONNX Runtime with CUDA),
  compared with ONNX Runtime on the CPU; and the graph that takes the camera's image, image in to depth out.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CONFIGURATIONS = ("light_hr", "table7_dual_network")
SIZES = {"cuda": (384, 1248), "cpu": (96, 288)}
SECONDS = 10.0
"""That each thing is run for."""


def latencies(run: Callable[[], object], seconds: float) -> dict[str, float]:
    """Percentiles of a call in milliseconds; `run` waits until all is done."""
    for _ in range(3):
        run()
    took, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(took) < 5:
        start = time.perf_counter()
        run()
        took.append((time.perf_counter() - start) * 1e3)
    p50, p95, p99 = np.percentile(took, (50, 95, 99)).round(3)
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99), "runs": len(took)}


def of_torch(device: str, seconds: float) -> dict[str, Any]:
    import torch

    found: dict[str, Any] = {"torch": torch.__version__, "device": device}
    if device == "cuda":
        found["gpu"] = torch.cuda.get_device_name()
    torch.backends.cudnn.benchmark = True
    with torch.inference_mode():
        for kind in (torch.float32, torch.float16):
            name = str(kind).removeprefix("torch.")
            operations = operations_a_second(device, kind, seconds / 5)
            found[f"{name}: billion operations a second of a matrix product"] = round(operations / 1e9, 1)
            for configuration in CONFIGURATIONS:
                path = ROOT / f"config/training/dual_networks/{configuration}.yaml"
                network = built(path).to(device).eval()
                image = torch.randn(1, 3, *SIZES[device], device=device)
                # Not the whole network in halves: what comes after its last convolutions needs more bits.
                with torch.autocast(device, kind, enabled=kind != torch.float32, cache_enabled=False):
                    for way, took in of_network(network, image, operations, seconds).items():
                        found[f"{configuration}, {name}, {way}"] = took
    return found


def operations_a_second(device: str, kind: Any, seconds: float) -> float:
    """Of a product of large matrices."""
    import torch

    size = 8192 if device == "cuda" else 512
    matrix = torch.randn(size, size, device=device, dtype=kind)
    took = latencies(lambda: finished(matrix @ matrix), seconds)["p50"]
    return 2 * size**3 / took * 1e3


def of_network(network: Any, image: Any, operations: float, seconds: float) -> dict[str, Any]:
    """Latencies of the ways to call a network, and their share of the roofline."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        network.finest(image)
    least = counter.get_total_flops() / operations * 1e3
    ways: dict[str, Callable[[], object]] = {"as it is": lambda: finished(network.finest(image))}
    if image.is_cuda:
        graph = recorded(lambda: network.finest(image))
        ways["CUDA graph"] = lambda: finished(graph.replay())
    found = {way: latencies(run, seconds) for way, run in ways.items()}
    return {way: took | {"share of roofline": round(least / took["p50"], 3)} for way, took in found.items()}


def finished(answer: object) -> object:
    """The answer, once the GPU has it."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return answer


def built(path: Path) -> Any:
    """The depth network of a configuration, with random weights."""
    import yaml

    from training.commands.fit import TrainingParser
    from training.networks.depth_network import DepthNetwork

    text = path.read_text().replace("weights: imagenet", "weights: random")
    parser = TrainingParser()
    parser.add_subclass_arguments(DepthNetwork, "network")
    described = yaml.safe_load(text)["model"]["init_args"]["network"]
    return parser.instantiate(parser.parse_object({"network": described})).network


def recorded(run: Callable[[], object]) -> Any:
    """The work of a call, as one CUDA graph."""
    import torch

    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph


def of_engines(model: Path, seconds: float) -> dict[str, Any]:
    from depth_perception.engines import parity
    from depth_perception.engines.choose import BACKENDS, open_engine
    from depth_perception.estimators.depth import DepthEstimator
    from depth_perception.geometry.camera import Camera

    camera = Camera(1280, 720, 1159.4, 1154.4, 676.3, 389.5, (-0.268, 0.085, -0.0006, 0.0003, -0.161))
    random = np.random.default_rng(0)
    reference = open_engine(model, "onnxruntime")
    view = {"image": parity.smooth_pictures(random, reference.inputs[0].shape)}
    (picture,) = parity.smooth_pictures(random, (1, camera.height, camera.width, 3))
    expected = {name: values.copy() for name, values in reference.run(view).items()}
    found: dict[str, Any] = {}
    for name, backend in BACKENDS.items():
        if backend.obstacle() or "GPU" not in backend.devices():
            found[name] = f"not run: {backend.obstacle() or 'it takes no GPU here'}"
            continue
        for precision in ("f32", "bf16", "f16"):
            key = f"{name}, {precision}"
            try:
                engine = open_engine(model, name, precision=precision)  # type: ignore[arg-type]
                answers = engine.run(view)
                found[key] = {
                    "engine": f"{engine.description}",
                    "from ONNX Runtime": max(parity.difference(answers[item], expected[item]) for item in expected),
                    "engine alone": latencies(lambda engine=engine: engine.run(view), seconds),  # type: ignore[misc]
                }
                estimator = DepthEstimator(engine, camera)
                found[key]["1280x720 to depth"] = latencies(
                    lambda estimator=estimator: estimator.estimate(picture),  # type: ignore[misc]
                    seconds,
                )
                engine.close()
            except Exception as error:  # whatever it is, the others go on
                found[key] = f"not run: {error}"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "models/dual_networks_light.onnx")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="of torch; cpu tries the script out")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each thing (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("gpu.json"), help="(default: %(default)s)")
    given = parser.parse_args()
    found: dict[str, Any] = {"machine": platform.platform()}
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "engines": lambda: of_engines(given.model, given.seconds),
        "torch": lambda: of_torch(given.device, given.seconds),
    }
    for name, part in parts.items():
        try:
            found[name] = part()
        except Exception as error:  # whatever it is, the others go on
            traceback.print_exc()
            found[name] = f"not run: {error}"
        given.json.write_text(json.dumps(found, indent=2))  # what is there is kept if a later part takes all down
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
