"""Every name that the TensorRT backend uses of the libraries is there, in the oldest and the newest that it takes.

TensorRT itself is not to be had as a wheel, but its bindings are: they load with libraries that have nothing in them,
and tell what they have.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import depth_perception.engines

ENGINES = Path(depth_perception.engines.__file__).parent
USED = {
    "tensorrt_library.py": {"api": ""},
    "plan_builder.py": {
        "api": "",
        "builder": "Builder",
        "parser": "OnnxParser",
        "error": "ParserError",
        "config": "IBuilderConfig",
    },
    "tensorrt_engine.py": {
        "api": "",
        "engine": "ICudaEngine",
        "self._runtime": "Runtime",
        "self._context": "IExecutionContext",
        "settings": "IRuntimeConfig",
        "self._cache": "IRuntimeCache",
    },
}
"""The variables of each file that hold something of the library, and of which class; empty is the module."""
RTX_ALONE = {
    "ComputeCapability",
    "CudaGraphStrategy",
    "CudaGraphStrategy.WHOLE_GRAPH_CAPTURE",
    "IBuilderConfig.num_compute_capabilities",
    "IBuilderConfig.set_compute_capability",
    "IRuntimeConfig.create_runtime_cache",
    "IRuntimeConfig.cuda_graph_strategy",
    "IRuntimeConfig.set_runtime_cache",
    "IRuntimeCache.deserialize",
    "IRuntimeCache.serialize",
    "ICudaEngine.create_runtime_config",
}
"""What is used only where the library was asked whether it has it (`Library.chooses_targets`, `captures_graphs`)."""
UNDEFINED = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)
"""What the bindings want of the libraries when they are loaded."""


def used_names():
    """Such as ``Builder.create_network`` and ``ILogger.ERROR``, with the file that uses them."""
    for file, variables in USED.items():
        for node in ast.walk(ast.parse((ENGINES / file).read_text())):
            if isinstance(node, ast.Attribute):
                names = re.sub(r"^(self\._found|found|library)\.api", "api", ast.unparse(node))
                for variable, owner in variables.items():
                    if names.startswith(f"{variable}."):
                        used = names.removeprefix(f"{variable}.")
                        yield ".".join(filter(None, (owner, *used.split(".")[: 1 if owner else 2]))), file


NAMES = sorted(name for name, _ in set(used_names()) if not name.endswith(("__version__", "__init__", "__members__")))


def lacking(module, names):
    missing = []
    for name in names:
        found = module
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is None:
            missing.append(name)
    return missing


def test_the_names_are_found_in_the_files():
    assert {"Builder.create_network", "ILogger.ERROR", "IExecutionContext.execute_async_v3"} <= set(NAMES)
    assert RTX_ALONE - set(NAMES) == set()
    assert len(NAMES) > 35


def test_tensorrt_for_rtx_has_them_all():
    assert lacking(pytest.importorskip("tensorrt_rtx"), NAMES) == []


@pytest.mark.parametrize(("folder", "version"), [("tensorrt-10", "10.3"), ("tensorrt-11", "11.4")])
def test_tensorrt_has_those_that_are_used_of_it(folder, version, tmp_path):
    bindings = Path(sys.prefix) / folder
    if not bindings.is_dir() or shutil.which("cc") is None:
        pytest.skip("needs the bindings that make test installs, and a C compiler for empty libraries")
    source = tmp_path / "empty.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in UNDEFINED))
    libraries = [f"lib{name}.so.{version.split('.')[0]}" for name in ("nvinfer", "nvonnxparser", "nvinfer_plugin")]
    for library in libraries:
        subprocess.run(
            ["cc", "-shared", "-fPIC", f"-Wl,-soname,{library}", str(source), "-o", str(tmp_path / library)], check=True
        )
    script = f"""
import ctypes, json, sys
for library in {libraries!r}:
    ctypes.CDLL({str(tmp_path)!r} + "/" + library, mode=ctypes.RTLD_GLOBAL)
sys.path.insert(0, {str(bindings)!r})
import tensorrt_bindings
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_tensorrt_api import lacking
print(json.dumps([tensorrt_bindings.__version__, lacking(tensorrt_bindings, {NAMES!r})]))
"""
    answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    found, missing = json.loads(answer.stdout)
    assert found.startswith(version)
    assert set(missing) <= RTX_ALONE
    assert {"ComputeCapability", "CudaGraphStrategy"} <= set(missing)


def test_cuda_python_has_what_is_used_of_it():
    pytest.importorskip("cuda.bindings")
    from cuda.bindings import runtime

    names = set()
    for node in ast.walk(ast.parse((ENGINES / "cuda.py").read_text())):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("cuda", "runtime()"):
            names.add(node.attr)
    assert {"cudaMalloc", "cudaGraphLaunch", "cudaStreamSynchronize"} <= names
    assert lacking(runtime, sorted(names)) == []
