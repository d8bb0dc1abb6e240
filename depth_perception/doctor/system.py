"""What of a running system may be wrong: who talks to whom, and what the nodes answer. No ROS is needed to judge it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depth_perception.doctor.camera_checks import extrinsics
from depth_perception.doctor.finding import Check, Finding, examined
from depth_perception.doctor.footage import Footage
from depth_perception.doctor.recording import CAMERA_CHECKS
from depth_perception.node_status import NodeStatus

_LARGE = 512 << 10
"""Bytes of a message that Fast DDS's own shared memory does not hold."""
_FLAT = 0.02
"""Standard deviation of a depth image's logarithm below which it shows nothing."""
_EMPTY = 0.9
"""Share of a depth image's pixels that may be without depth."""
_LOST, _DROPPED = 0.05, 0.8
"""Shares of the images that may get lost on the way, and be dropped because newer ones came."""


@dataclass(frozen=True)
class Endpoint:
    """A publisher or a subscriber of a node."""

    node: str
    reliable: bool
    latched: bool


@dataclass(frozen=True)
class Link:
    """A topic with those at its ends.

    Attributes:
        bytes: Of its largest message that was seen; 0 without any.
    """

    topic: str
    publishers: Sequence[Endpoint]
    subscribers: Sequence[Endpoint]
    bytes: int = 0


@dataclass(frozen=True)
class System:
    """What was seen of a running system for some seconds.

    Attributes:
        seconds: How long it was looked at.
        image_topic: Where images are expected.
        footage: Of the camera; None if no image came.
        links: The topics that matter.
        statuses: What our nodes said of themselves last, by their names.
        depth: Some depth images in metres.
        relative: How many depth images came whose unit is not known.
        asked_tf: Whether TF could be asked where the camera is.
    """

    seconds: float
    image_topic: str
    footage: Footage | None = None
    links: Sequence[Link] = ()
    statuses: Mapping[str, NodeStatus] = field(default_factory=dict)
    depth: Sequence[npt.NDArray[np.float32]] = ()
    relative: int = 0
    asked_tf: bool = True


def camera(system: System) -> Iterator[Finding]:
    """No images, or nobody who publishes them."""
    if system.footage is not None:
        return
    link = next((link for link in system.links if link.topic == system.image_topic), None)
    if link is None or not link.publishers:
        what = f"nobody publishes images on {system.image_topic}"
        action = "start the camera driver; name its topic with --image-topic; compare ROS_DOMAIN_ID"
    else:
        names = ", ".join(end.node for end in link.publishers)
        what = f"{names} publishes {system.image_topic}, but no image came in {system.seconds:.0f} s"
        action = "see that the camera runs; large messages get lost with small shared memory or over a bad network"
    yield Finding("error", what, action)


def qos(system: System) -> Iterator[Finding]:
    """Publishers and subscribers whose quality of service loses images."""
    for link in system.links:
        for source in link.publishers:
            for sink in link.subscribers:
                pair = f"{sink.node} listens to {link.topic}"
                if sink.reliable and not source.reliable:
                    yield Finding(
                        "error",
                        f"{pair} reliably, {source.node} publishes it best effort: nothing arrives",
                        "input_reliability auto or best_effort here; or let the driver publish reliably",
                    )
                elif sink.latched and not source.latched:
                    yield Finding(
                        "error",
                        f"{pair} transient local, {source.node} publishes it volatile: nothing arrives",
                        "make both volatile, or both transient local",
                    )
                elif link.bytes > _LARGE and not (sink.reliable and source.reliable):
                    yield Finding(
                        "warning",
                        f"{pair}, from {source.node}, best effort, in messages of {link.bytes / 1e6:.1f} MB: with Fast"
                        " DDS's own settings most get lost",
                        "make both reliable, set the package's profile of Fast DDS for both, or send compressed images",
                    )


def nodes(system: System) -> Iterator[Finding]:
    """What the nodes themselves report: failures, frames that are lost or dropped, states."""
    for name, status in system.statuses.items():
        if status.state and status.state != "active":
            yield Finding("error", f"{name} is {status.state}", f"ros2 lifecycle set {name} configure, then activate")
        if status.failed:
            yield Finding(
                "error" if not status.processed else "warning",
                f"{name} could not use {status.failed} of {status.received} images, the last because:"
                f" {status.last_error}",
                "what it says; docs/reliability.md has them all",
            )
        sent = status.received + status.lost
        if sent and status.lost > _LOST * sent:
            yield Finding(
                "warning",
                f"{status.lost} of {sent} images got lost on the way to {name}",
                "set the package's profile of Fast DDS for the camera driver too, or send compressed images",
            )
        if status.received and status.dropped > _DROPPED * status.received:
            yield Finding(
                "warning",
                f"{name} dropped {status.dropped} of {status.received} images because newer ones came: the model is too"
                " slow for the camera",
                "depth-perception build MODEL; precision auto; a slower camera costs nothing",
            )


def depth(system: System) -> Iterator[Finding]:
    """Depth that has collapsed to a wall, or is empty."""
    for image in system.depth[-1:]:
        known = np.isfinite(image) & (image > 0)
        beyond = np.isposinf(image)
        if np.mean(known | beyond) < 1 - _EMPTY:
            yield Finding(
                "error",
                f"{1 - np.mean(known | beyond):.0%} of a depth image is without depth",
                "look at image_rect beside it: is the calibration of another image size?",
            )
        elif known.any() and not beyond.any() and float(np.std(np.log(image[known]))) < _FLAT:
            yield Finding(
                "error",
                f"depth is {float(np.median(image[known])):.3g} m everywhere, give or take"
                f" {float(np.std(np.log(image[known]))):.1%}: it has collapsed",
                "run the model that came along beside it; train again, and judge by abs_rel, not by the loss",
            )


def scale(system: System) -> Iterator[Finding]:
    """Depth whose unit nobody tells, or a measured scale that stays silent."""
    for name, status in system.statuses.items():
        silent = status.scale is None and status.scale_source not in (None, "model")
        if silent and status.processed:
            yield Finding(
                "warning",
                f"{name} measures its scale by {status.scale_source}, which has said nothing yet",
                "ground_plane needs camera_pose or TF and a road in view, speed its topic; see /diagnostics",
            )
    if system.relative and not system.depth:
        yield Finding(
            "error",
            f"{system.relative} depth images came on depth/relative, none on depth/image_rect: the model does not know"
            " metres, and nothing tells them",
            "set scale_source (ground_plane, or constant), or take a metric model",
        )


def examine_system(system: System) -> list[Check]:
    """All checks of a running system."""
    checks = examined(system, (camera, qos, nodes, depth, scale))
    if system.footage is None:
        return checks
    known = system.asked_tf or system.footage.mount is not None
    of_camera = [check for check in CAMERA_CHECKS if known or check is not extrinsics]
    return [*checks, *examined(system.footage, of_camera)]
