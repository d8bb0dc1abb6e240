"""The robot side as an ament_python package; training is used from a checkout and never installed on a robot."""

from glob import glob
from pathlib import Path

from setuptools import find_packages, setup

NAME = "depth_perception"


def shared(*patterns: str) -> list[tuple[str, list[str]]]:
    """Files to install under ``share/depth_perception``, each in the folder it has here."""
    files = [path for pattern in patterns for path in sorted(glob(pattern)) if Path(path).is_file()]
    folders = sorted({str(Path(path).parent) for path in files})
    return [
        (f"share/{NAME}/{folder}", [path for path in files if str(Path(path).parent) == folder]) for folder in folders
    ]


setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *shared("launch/*.launch.py", "config/*.*", "models/*", "recordings/*", "recordings/*/*"),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="depth_perception maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="Metric depth, odometry and coloured point clouds from one camera",
    license="Apache-2.0",
    tests_require=["pytest"],
    entry_points={
        "console_scripts": [
            f"perception = {NAME}.nodes.perception:main",
            f"depth_node = {NAME}.nodes.depth_node:main",
            f"odometry_node = {NAME}.nodes.odometry_node:main",
            f"point_cloud_node = {NAME}.nodes.point_cloud_node:main",
            f"depth-perception = {NAME}.cli.main:main",
        ]
    },
)
