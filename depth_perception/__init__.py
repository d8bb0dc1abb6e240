"""Metric depth, odometry and coloured point clouds from one camera, on ROS 2."""

__version__ = "0.1.0"
