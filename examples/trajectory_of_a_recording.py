"""A bag to a trajectory: a text file as evo and the TUM benchmark have it (seconds, x y z, quaternion x y z w).

python -m examples.trajectory_of_a_recording recordings/street
"""

from __future__ import annotations

import argparse
from contextlib import closing

import numpy as np

from depth_perception import Recording, Trajectory, VisualOdometry, model_path, open_engine
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, quaternion_from_rotation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bag")
    parser.add_argument("--model", default="models/posenet.onnx")
    parser.add_argument("--output", default="trajectory.txt")
    options = parser.parse_args()

    trajectory = Trajectory()
    lines = []
    with Recording.open(options.bag) as recording, closing(open_engine(model_path(options.model))) as engine:
        mount = recording.body_from_camera
        odometry = VisualOdometry(engine, recording.camera, BODY_FROM_OPTICAL if mount is None else mount)
        for image in recording.images():
            motion = odometry.update(image.decode(), image.stamp)
            if motion is not None:
                trajectory.add(motion)
                numbers = [*trajectory.pose[:3, 3], *quaternion_from_rotation(trajectory.pose[:3, :3])]
                lines.append(" ".join([f"{image.stamp * 1e-9:.9f}", *(f"{number:.6f}" for number in numbers)]))
    with open(options.output, "w") as file:
        file.write("\n".join(lines) + "\n")
    sigma = np.sqrt(trajectory.covariance[0, 0])
    print(f"{options.output}: {len(lines)} poses, {trajectory.length:.1f} m; x is known to {sigma:.1f} m at the end")


if __name__ == "__main__":
    main()
