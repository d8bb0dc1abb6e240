"""Where the files that come with the package lie: models, configuration, the sample recording."""

from __future__ import annotations

from pathlib import Path

from depth_perception.errors import DepthPerceptionError

MODELS = "models"
DEPTH_MODEL = "models/dual_networks_light.onnx"
POSE_MODEL = "models/posenet.onnx"
FAST_DDS_PROFILE = "config/fastdds_shared_memory.xml"
SAMPLE_RECORDING = "recordings/street"


class ResourceError(DepthPerceptionError):
    """A file that should have come with the package is not there."""


def share_path(relative: str) -> Path:
    """Absolute path of a file or folder that comes with the package, in a checkout or in a ROS 2 install.

    Raises: `ResourceError` if neither has it.
    """
    places = [Path(__file__).resolve().parent.parent]
    try:
        from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

        places.append(Path(get_package_share_directory("depth_perception")))
    except ImportError:
        pass
    except (PackageNotFoundError, OSError):  # OSError: there are ROS 2 modules, but no ROS 2 environment
        pass
    for place in places:
        if (place / relative).exists():
            return place / relative
    raise ResourceError(
        f"{relative}: did not come with this installation (looked in {', '.join(map(str, places))}):"
        " build the package again with colcon, or run from a complete checkout"
    )


def model_path(model: str) -> Path:
    """The file of a model: as it is, or one that comes with the package, by its path there or by its name alone.

    Raises: `ResourceError` if there is none; it says where it was looked for, and what comes with the package.
    """
    path = Path(model)
    if path.is_absolute() or path.exists() or path.parts[:1] == ("..",):
        return path
    for relative in (model, f"{MODELS}/{path.name}", f"{MODELS}/{path.name}.onnx"):
        if len(path.parts) == 1 or relative == model:
            try:
                return share_path(relative)
            except ResourceError:
                continue
    there = ", ".join(item.stem for item in shipped_models())
    raise ResourceError(
        f"{model}: there is no such model in {Path.cwd()}, nor among those that come with the package: {there}"
    )


def shipped_models() -> list[Path]:
    """The model files that come with the package."""
    return sorted(share_path(MODELS).glob("*.onnx"))
