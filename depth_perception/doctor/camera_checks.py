"""Whether the calibration is that of the images, and whether the camera is where it is said to be."""

from __future__ import annotations

from collections.abc import Iterator

from depth_perception.camera_info import camera_from_info, doubts_about, size_mismatch, takes_p
from depth_perception.doctor.finding import Finding, Severity
from depth_perception.doctor.footage import Footage
from depth_perception.doctor.lines import bending
from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.mount import check_mount

_HALF = 0.5
"""Share of a lens's bending that straight edges have: raw images have more, rectified ones less."""
_UNSAID = -0.2
"""k1 of a lens that is looked for where camera_info tells of none: a wide one."""


def calibration(footage: Footage) -> Iterator[Finding]:
    """K of another size, an identity, all zeros, a lens that is not known."""
    if not footage.infos:
        yield Finding(
            "error",
            f"no camera_info came on {footage.info_topic}",
            f"calibrate the camera (camera_calibration) and let its driver publish {footage.info_topic}",
        )
    for text, severity in dict.fromkeys(item for info in footage.infos for item in _doubts(footage, info)):
        yield Finding(severity, text, "calibrate the camera at the size of its images")


def image_size(footage: Footage) -> Iterator[Finding]:
    """Images of another size than their calibration."""
    for height, width in sorted({image.shape[:2] for image in footage.images}):
        cameras = [_camera(footage, info) for info in footage.infos]
        if cameras and all(camera and (camera.width, camera.height) != (width, height) for camera in cameras):
            yield Finding(
                "error",
                size_mismatch(footage.infos[-1], width, height),
                "calibrate at this size, or let the node that resizes the images resize their camera_info too",
            )


def rectification(footage: Footage) -> Iterator[Finding]:
    """Images that are taken to be rectified and are not, or are rectified a second time: straight edges tell."""
    if not footage.infos:
        return
    info = footage.infos[-1]
    taken, _ = takes_p(info, footage.rectified_input, footage.image_topic)
    try:
        raw = camera_from_info(info)
    except GeometryError:
        return
    lens = raw if raw.is_distorted else Camera(**{**raw.as_json(), "distortion": (_UNSAID, 0.0, 0.0, 0.0)})
    places = [run[0] for run in footage.runs if run]
    images = [image for image in places if image.shape[:2] == (lens.height, lens.width)]
    bend = bending(images, lens)
    if bend is None:
        return
    if taken and raw.is_distorted and bend.lowest > _HALF:
        yield Finding(
            "error",
            f"{footage.image_topic} is taken to be rectified, but straight edges have {bend.share:.0%} of the bend that"
            " its lens gives them: the images are raw",
            "set rectified_input to never, or rectify them (image_proc)",
        )
    elif not taken and raw.is_distorted and bend.highest < _HALF:
        yield Finding(
            "error",
            f"{footage.image_topic} is taken to be raw, but straight edges have only {max(bend.share, 0):.0%} of the"
            " bend that its lens gives them: the images are rectified already, and would be a second time",
            "set rectified_input to always, or publish a camera_info whose D is zero with them",
        )
    elif not raw.is_distorted and bend.lowest > _HALF:
        yield Finding(
            "warning",
            f"camera_info tells of no distortion, but straight edges on {footage.image_topic} are bent as by a lens of"
            f" k1 {_UNSAID * bend.share:.2g}: the images are not rectified",
            "calibrate the camera with its distortion, or rectify its images (image_proc)",
        )


def mount(footage: Footage) -> Iterator[Finding]:
    """The camera's body as the frame of its images (camera_link), a camera on its head, or straight up or down."""
    if footage.mount is None:
        return
    try:
        doubts = check_mount(footage.mount, footage.frame)
    except GeometryError as error:
        yield Finding("error", str(error), "stamp the images with the optical frame, or set camera_pose by hand")
        return
    for doubt in doubts:
        yield Finding("warning", doubt, "turn images, calibration and frame, or correct the transform")


def extrinsics(footage: Footage) -> Iterator[Finding]:
    """Nothing says where the camera is on the vehicle."""
    if footage.mount is None:
        where = "TF does not say" if footage.live else "no recorded static transforms say"
        yield Finding(
            "warning",
            f"{where} where camera frame '{footage.frame}' is in '{footage.body_frame}': odometry and cloud cannot be"
            " given in the vehicle's frame, nor metres be measured by the camera's height",
            "publish it (static_transform_publisher) and record /tf_static, or give camera_pose",
        )


def _doubts(footage: Footage, info: object) -> Iterator[tuple[str, Severity]]:
    rectified, _ = takes_p(info, footage.rectified_input, footage.image_topic)
    try:
        for doubt in doubts_about(info, rectified=rectified):
            yield doubt, "warning"
    except GeometryError as error:
        yield str(error), "error"


def _camera(footage: Footage, info: object) -> Camera | None:
    rectified, _ = takes_p(info, footage.rectified_input, footage.image_topic)
    try:
        return camera_from_info(info, rectified=rectified)
    except GeometryError:
        return None
