"""Where the camera of a recording went, by the product's own odometry: what views are synthesised by.

A pose network that has not seen the camera turns and goes a little wrong, and depth that has to explain the images by
such motions becomes wrong with it. Corners that are followed with the depth of the model to begin with know better.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.blank import BlankImageError
from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.depth import DepthEstimator
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.files import write_atomically
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, Array
from depth_perception.progress import ProgressBar
from depth_perception.trajectory_file import tum_line
from training.data.recorded import RecordedData
from training.errors import TrainingError


def write_followed(
    settings: RecordedData,
    body_from_camera: Array | None,
    depth_model: Path,
    pose_model: Path,
    path: Path,
    lengths: OdometrySettings = OdometrySettings(),
) -> None:
    """Writes `T_world_camera` of all images that show something, TUM's form, unless it is there already.

    Args:
        body_from_camera: the mount, where it is known: it says where the vehicle itself can be in the picture.
        lengths: what measures them; by themselves they are those of the depth model, with its idea of a metre.

    Raises: `TrainingError` if there is no motion; `EstimatorError` for a mount that lengths cannot be measured with.
    """
    if path.exists():
        return
    mount = BODY_FROM_OPTICAL if body_from_camera is None else body_from_camera
    trajectory = Trajectory()
    poses: dict[int, Array] = {}
    with ExitStack() as opened:
        depth_engine = opened.enter_context(closing(open_engine(depth_model)))
        pose_engine = opened.enter_context(closing(open_engine(pose_model)))
        progress = opened.enter_context(ProgressBar(f"follows {Path(settings.path).name}", "frames"))
        camera = None
        for number, (stamp, seen_by, image) in enumerate(settings.seen(), 1):
            if seen_by != camera:  # a lens that zooms
                camera = seen_by
                depth_of = DepthEstimator(depth_engine, camera, body_from_camera=mount)
                odometry = CameraOdometry(pose_engine, camera, mount, lengths)
            try:
                motion = odometry.update(image, stamp)
                result = depth_of.estimate(image, stamp)
            except BlankImageError:  # it is as if it had not come
                continue
            odometry.add_depth(stamp, result.depth, result.camera, result.scale)
            if motion is not None:
                poses.setdefault(motion.start, trajectory.pose @ mount)  # anew after a gap
                trajectory.add(motion)
                poses[motion.stamp] = trajectory.pose @ mount
            progress(number, (settings.last or settings.first + number) - settings.first)
    if not poses:
        raise TrainingError(f"{settings.path}: no motion can be told from its images: take another part of the drive")
    write_atomically(path, "".join(tum_line(*item) for item in poses.items()).encode())
