"""A camera that is no camera: publishes images at a steady rate, in a process of its own that a benchmark talks to.

It says ``ready`` on standard output when somebody listens, waits for a line on standard input, publishes, says ``done``
and stays until told to end.
"""

from __future__ import annotations

import argparse
import sys
import time
from array import array

from depth_perception.rig.processes import TerminationInterrupts

LISTENER_DEADLINE = 180.0
"""Seconds."""
QUEUE = 30
"""Images that are kept for a listener that has not confirmed them, so that none is lost on this side."""


def main() -> int:
    """Publishes what the command line says; returns the exit status."""
    import numpy as np
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import CameraInfo, Image

    from depth_perception.rig.ros_node import ros_node

    parser = argparse.ArgumentParser(prog="benchmark_camera")
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--best-effort", action="store_true")
    arguments = parser.parse_args()
    width, height = arguments.width, arguments.height

    # No picture in particular; a network takes as long for one as for another.
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    focal_length = 720.0 * width / 1248
    center = ((width - 1) / 2, (height - 1) / 2)
    k = [focal_length, 0.0, center[0], 0.0, focal_length, center[1], 0.0, 0.0, 1.0]
    image = Image(width=width, height=height, encoding="rgb8", step=3 * width, data=array("B", pixels.tobytes()))
    info = CameraInfo(width=width, height=height, distortion_model="plumb_bob", d=[0.0] * 5, k=k)
    image.header.frame_id = info.header.frame_id = "camera_optical_frame"

    try:
        with TerminationInterrupts(), ros_node("benchmark_camera") as node:
            policy = ReliabilityPolicy.BEST_EFFORT if arguments.best_effort else ReliabilityPolicy.RELIABLE
            qos = QoSProfile(depth=QUEUE, reliability=policy)
            images, infos = (
                node.create_publisher(Image, "image", qos),
                node.create_publisher(CameraInfo, "camera_info", qos),
            )
            deadline = time.monotonic() + LISTENER_DEADLINE
            while not (images.get_subscription_count() and infos.get_subscription_count()):
                if time.monotonic() > deadline:
                    raise TimeoutError("nobody listens to image and camera_info")
                time.sleep(0.02)
            print("ready", flush=True)
            if not sys.stdin.readline():
                return 0
            due, period = time.monotonic(), 1 / arguments.rate
            for _ in range(arguments.frames):
                time.sleep(max(0.0, due - time.monotonic()))
                due += period * (1 + (time.monotonic() - due) // period)  # a camera that was late makes up for nothing
                image.header.stamp = info.header.stamp = node.get_clock().now().to_msg()
                infos.publish(info)
                images.publish(image)
            print("done", flush=True)
            sys.stdin.readline()  # reliable messages may still be on their way
    except KeyboardInterrupt:
        pass  # the usual end
    return 0


if __name__ == "__main__":
    sys.exit(main())
