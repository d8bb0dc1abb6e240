"""Faults planted in the sample recording, each found by its name; and nothing found in the sample itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.recordings import write_calibration, write_mcap, write_recording
from rosbags.typesys import Stores, get_typestore

from depth_perception.camera_info import camera_from_info
from depth_perception.cli.main import main
from depth_perception.doctor.finding import Check, is_healthy
from depth_perception.doctor.lines import bending
from depth_perception.doctor.recording import examine_recording
from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.recordings.bag import Bag
from depth_perception.recordings.storage import RecordedMessage

SAMPLE = Path(__file__).resolve().parents[2] / "recordings" / "street"
IMAGE, INFO = "/camera/image_raw/compressed", "/camera/camera_info"
TRUTH = "/ground_truth/depth/compressed"
STORE = get_typestore(Stores.ROS2_JAZZY)
FRAMES = 32


@dataclass(frozen=True)
class Told:
    """One message of the sample: what it is on, the number of its frame, when it was recorded, its fields."""

    topic: str
    index: int
    time: int
    fields: Any


@pytest.fixture(scope="module")
def sample() -> list[Told]:
    """The first `FRAMES` frames."""
    with Bag(SAMPLE) as bag:
        messages = list(bag.messages(topic.name for topic in bag.topics))
        start = messages[0].log_time
        told = [
            Told(item.topic, round((item.log_time - start) / 1e8), item.log_time, bag.deserialise(item))
            for item in messages
            if item.log_time < start + FRAMES * 100_000_000
        ]
    return told


def diagnosis(folder: Path, told: Iterable[Told], **options: Any) -> list[Check]:
    """What the doctor says of a recording of these messages."""
    file = folder / "ill.mcap"
    kinds = [(item, item.fields.__msgtype__) for item in told]
    write_mcap(
        file,
        (
            RecordedMessage(item.topic, kind, item.time, bytes(STORE.serialize_cdr(item.fields, kind)))
            for item, kind in kinds
        ),
    )
    return examine_recording(str(file), options)


def names(checks: Iterable[Check]) -> set[str]:
    return {check.name for check in checks if check.findings}


def pixels(fields: Any) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.asarray(fields.data), cv2.IMREAD_UNCHANGED))


def with_pixels(fields: Any, image: np.ndarray, kind: str = ".jpg") -> Any:
    return replace(fields, data=cv2.imencode(kind, image)[1].ravel())


def image(change: Callable[[int, np.ndarray], np.ndarray]) -> Callable[[Told], Any]:
    """Another picture in each image, by its number."""
    return lambda item: with_pixels(item.fields, change(item.index, pixels(item.fields)))


def camera(**values: Any) -> Callable[[Told], Any]:
    return lambda item: replace(item.fields, **values)


def stamped(stamp: Callable[[int, int], int]) -> Callable[[Told], Any]:
    """Another stamp, by the number and what it was."""

    def change(item: Told) -> Any:
        header = item.fields.header
        new = stamp(item.index, header.stamp.sec * 10**9 + header.stamp.nanosec)
        time = type(header.stamp)(*divmod(new, 10**9))
        return replace(item.fields, header=replace(header, stamp=time))

    return change


def only(keep: Callable[[int], bool]) -> Callable[[Told], Any]:
    return lambda item: item.fields if keep(item.index) else None


def gone(item: Told) -> None:
    return None


def camera_link(item: Told) -> Any:
    """The pose of the camera's body, under its name."""
    (first, *others) = item.fields.transforms
    upright = type(first.transform.rotation)(0.0, 0.0, 0.0, 1.0)
    first = replace(first, child_frame_id="camera_link", transform=replace(first.transform, rotation=upright))
    return replace(item.fields, transforms=[first, *others])


def framed(frame: str) -> Callable[[Told], Any]:
    return lambda item: replace(item.fields, header=replace(item.fields.header, frame_id=frame))


def turned_mount(item: Told) -> Any:
    """A camera on its head, by TF."""
    (first, *others) = item.fields.transforms
    turned = type(first.transform.rotation)(0.5, 0.5, 0.5, 0.5)
    return replace(
        item.fields, transforms=[replace(first, transform=replace(first.transform, rotation=turned)), *others]
    )


def flicker(index: int, picture: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(picture, alpha=0.6 if index % 2 else 1.0)


def tenfold(item: Told) -> Any:
    """True depth in tenths of millimetres."""
    depth = pixels(item.fields)
    return with_pixels(item.fields, np.minimum(depth.astype(np.uint32) * 10, 65535).astype(np.uint16), ".png")


def identity(item: Told) -> Any:
    return replace(item.fields, k=np.eye(3).ravel())


FAULTS: dict[str, tuple[str, dict[str, Callable[[Told], Any]]]] = {
    "K is the identity": ("calibration", {INFO: identity}),
    "K is all zeros": ("calibration", {INFO: camera(k=np.zeros(9))}),
    "K is of an image twice as large": (
        "calibration",
        {INFO: lambda item: replace(item.fields, k=np.array([960.0, 0, 831, 0, 960, 240, 0, 0, 1]))},
    ),
    "the calibration is of another size": ("image_size", {INFO: camera(width=1664, height=512)}),
    "no calibration": ("recording", {INFO: gone}),
    "no transforms": ("extrinsics", {"/tf_static": gone}),
    "the images are of camera_link": (
        "mount",
        {"/tf_static": camera_link, IMAGE: framed("camera_link"), INFO: framed("camera_link")},
    ),
    "TF has the camera upside down": ("mount", {"/tf_static": turned_mount}),
    "the images are upside down": ("upside_down", {IMAGE: image(lambda index, picture: picture[::-1, ::-1])}),
    "a camera that stands": ("static", {}),
    "images far apart": ("fast", {}),
    "two images a second": ("frame_rate", {IMAGE: only(lambda index: index % 5 == 0)}),
    "images are missing": ("dropped", {IMAGE: only(lambda index: index % 7 not in (3, 4))}),
    "stamps that go back": (
        "stamps",
        {IMAGE: stamped(lambda index, stamp: stamp - (300_000_000 if index == 9 else 0))},
    ),
    "stamps of zero": ("stamps", {IMAGE: stamped(lambda index, stamp: 0)}),
    "stamps of a clock that runs at half the speed": (
        "clock",
        {IMAGE: stamped(lambda index, stamp: stamp - index * 50_000_000)},
    ),
    "exposure that jumps": ("exposure", {IMAGE: image(flicker)}),
    "black images": ("exposure", {IMAGE: image(lambda index, picture: picture // 40)}),
    "every image twice": ("repeated", {}),
    "images that are no images": ("images", {IMAGE: lambda item: replace(item.fields, data=item.fields.data[:500])}),
    "true depth in another unit": ("truth_unit", {TRUTH: tenfold}),
    "true depth of another camera": ("truth_fits", {TRUTH: framed("camera_depth_optical_frame")}),
    "true depth of another time": ("truth_fits", {TRUTH: stamped(lambda index, stamp: stamp + 10**12)}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_its_name(tmp_path, sample, fault):
    name, changes = FAULTS[fault]
    first = {item.index: item for item in sample if item.topic == IMAGE}

    def told(item: Told) -> Any:
        if item.topic == IMAGE and fault == "a camera that stands":
            return with_pixels(item.fields, pixels(first[0].fields))
        if item.topic == IMAGE and fault == "every image twice":
            return replace(item.fields, data=first[item.index // 2 * 2].fields.data)
        if item.topic == IMAGE and fault == "images far apart":
            return with_pixels(item.fields, np.roll(pixels(item.fields), 130 * item.index, axis=1))
        return changes.get(item.topic, lambda same: same.fields)(item)

    changed = [replace(item, fields=fields) for item in sample if (fields := told(item)) is not None]
    checks = diagnosis(tmp_path, changed)
    assert name in names(checks), fault
    if fault != "a camera that stands":  # which repeats its images too
        assert not is_healthy(checks)
    said = next(check for check in checks if check.name == name).findings
    assert all(finding.what and finding.action for finding in said)


def test_nothing_is_found_in_the_sample(capsys):
    assert main(["doctor", str(SAMPLE), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["healthy"]
    assert {check["name"] for check in said["checks"] if check["findings"]} <= {"dds_profile"}
    assert {"python", "numpy", "onnxruntime"} <= set(said["versions"])
    checked = {check["name"] for check in said["checks"]}
    assert {name for name, _ in FAULTS.values()} | {"versions", "engines", "rectification"} <= checked


@cache
def drawn(lens: Camera) -> list[np.ndarray]:
    """Windows and doors, seen by a camera with this lens."""
    rng = np.random.default_rng(1)
    flat = Camera(1600, 1000, 600.0, 600.0, 799.5, 499.5)
    view = NetworkView(replace(flat, distortion=()), flat.width, flat.height)
    pictures = []
    for _ in range(4):
        picture = np.full((flat.height, flat.width, 3), 90, np.uint8)
        for _ in range(60):
            corner = rng.uniform((0, 0), (1500, 900))
            turn = rng.uniform(-0.6, 0.6)
            sides = rng.uniform(80, 400, 2)
            box = cv2.boxPoints((corner.tolist(), sides.tolist(), float(np.degrees(turn))))
            cv2.fillConvexPoly(picture, box.astype(np.int32), rng.integers(0, 256, 3).tolist(), cv2.LINE_AA)
        pictures.append(view.image(picture))
    columns, rows = np.meshgrid(np.arange(lens.width), np.arange(lens.height))
    points = np.stack([columns, rows], -1).reshape(-1, 1, 2).astype(np.float64)
    rays = cv2.undistortPoints(points, lens.matrix, np.array(lens.distortion or (0.0,) * 4))[:, 0]
    where = (rays * flat.fx + (flat.cx, flat.cy)).astype(np.float32).reshape(lens.height, lens.width, 2)
    return [np.asarray(cv2.remap(picture, where[..., 0], where[..., 1], cv2.INTER_LINEAR)) for picture in pictures]


LENS = Camera(832, 512, 480.0, 480.0, 415.5, 255.5, (-0.28, 0.06, 0.0, 0.0, 0.0))


@pytest.mark.parametrize("images_are", ["raw", "rectified"])
@pytest.mark.parametrize(("topic", "is_told"), [("/camera/image_raw", "raw"), ("/camera/image_rect", "rectified")])
def test_straight_edges_tell_whether_images_are_rectified(tmp_path, sample, images_are, topic, is_told):
    pictures = drawn(LENS if images_are == "raw" else LENS.rectified())
    d = np.array(LENS.distortion)
    k = LENS.matrix.ravel()
    p = np.hstack([LENS.matrix, np.zeros((3, 1))]).ravel()

    def told(item: Told) -> Told:
        if item.topic == INFO:
            return replace(item, fields=replace(item.fields, width=832, height=512, k=k, d=d, p=p))
        if item.topic == IMAGE:
            picture = pictures[item.index % len(pictures)]
            return replace(item, topic=f"{topic}/compressed", fields=with_pixels(item.fields, picture))
        return item

    checks = diagnosis(tmp_path, [told(item) for item in sample if item.index < 8 and item.topic != TRUTH])
    assert ("rectification" in names(checks)) == (images_are != is_told)


@pytest.mark.parametrize(("width", "height"), [(12, 400), (24, 96), (1, 300)])
def test_narrow_images_tell_nothing_of_a_lens(width, height):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    lens = Camera(width, height, 200.0, 200.0, (width - 1) / 2, (height - 1) / 2, LENS.distortion)
    assert bending([image] * 2 + [image[::-1]], lens) is None


def test_a_lens_that_nobody_told_of_is_seen(tmp_path, sample):
    pictures = drawn(LENS)

    def told(item: Told) -> Told:
        if item.topic == INFO:
            fields = replace(item.fields, width=832, height=512, k=LENS.matrix.ravel(), d=np.zeros(5))
            return replace(item, fields=fields)
        return replace(item, fields=with_pixels(item.fields, pictures[item.index % 4])) if item.topic == IMAGE else item

    checks = diagnosis(tmp_path, [told(item) for item in sample if item.index < 8 and item.topic != TRUTH])
    (finding,) = next(check for check in checks if check.name == "rectification").findings
    assert "tells of no distortion" in finding.what
    k1 = float(finding.what.split("k1 ")[1].split(":")[0])
    assert k1 == pytest.approx(LENS.distortion[0], abs=0.08)


@pytest.mark.parametrize(("width", "healthy"), [(64, True), (128, False)])
def test_a_calibration_takes_the_place_of_camera_info(tmp_path, capsys, width, healthy):
    write_recording(tmp_path / "drive", frames=4, camera_info=False)
    file = write_calibration(tmp_path / "camera.yaml", width=width)
    main(["doctor", str(tmp_path / "drive"), "--json"])
    assert "(--calibration)" in capsys.readouterr().out
    main(["doctor", str(tmp_path / "drive"), "--json", "--calibration", file])
    found = {item["name"]: item["findings"] for item in json.loads(capsys.readouterr().out)["checks"]}
    assert not found["recording"]
    assert (not found["image_size"]) == healthy
    assert not found["calibration"]
    (tmp_path / "none.yaml").write_text("image_width: 64")
    assert main(["doctor", str(tmp_path / "drive"), "--calibration", str(tmp_path / "none.yaml")]) == 1
    assert "none.yaml: is no calibration as camera_calibration writes it" in capsys.readouterr().err


def test_what_is_no_recording_is_a_finding(tmp_path, capsys):
    assert main(["doctor", str(tmp_path / "nowhere")]) == 1
    out = capsys.readouterr().out
    assert "error: recording" in out
    assert "there is no such recording" in " ".join(out.split())


def test_a_recording_that_was_cut_is_said(tmp_path):
    whole = SAMPLE / "street.mcap"
    (tmp_path / "cut.mcap").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert "recording" in names(examine_recording(str(tmp_path / "cut.mcap"), {}))


def test_poses_that_are_cut_short_are_said_beside_the_other_checks(tmp_path):
    with Bag(SAMPLE) as bag:
        messages = list(bag.messages(topic.name for topic in bag.topics))
    few = [item for item in messages if item.log_time < messages[0].log_time + 10**9]
    cut = next(item for item in few if item.topic == "/ground_truth/odom")
    spoilt = (item._replace(data=item.data[:60]) if item is cut else item for item in few)
    write_mcap(tmp_path / "cut.mcap", spoilt)
    checks = examine_recording(str(tmp_path / "cut.mcap"), {})
    assert {"recording", "images", "truth_fits"} <= {check.name for check in checks}
    (finding,) = next(check for check in checks if check.name == "recording").findings
    assert "1 messages on /ground_truth/odom cannot be read" in finding.what


def test_the_sample_has_the_camera_that_its_checks_think():
    with Bag(SAMPLE) as bag:
        info = bag.deserialise(next(bag.messages([INFO])))
    assert camera_from_info(info).is_distorted
