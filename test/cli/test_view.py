"""What Rerun's viewer is given, read back by Rerun's own reader and compared with what was recorded."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from helpers.models import luma_depth, write_depth_model, write_pose_model
from helpers.recordings import STEP, picture, write_recording

from depth_perception.cli.main import main
from depth_perception.evaluation.viewer_file import _require_whole
from depth_perception.files import OutputError

rerun = pytest.importorskip("rerun", reason="rerun-sdk is not installed")
WIDTH, HEIGHT, FOCAL_LENGTH = 64, 32, 40.0
Rows = list[dict[str, Any]]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def big_endian(topic: str, index: int, message: Any) -> Any:
    """True depth as a machine of the other byte order writes it."""
    if topic != "/ground_truth/depth":
        return message
    return replace(message, is_bigendian=1, data=message.data.view(np.uint16).byteswap().view(np.uint8))


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recording of a mono camera and big-endian depth, and models that know it."""
    folder = tmp_path_factory.mktemp("view")
    write_recording(folder / "drive", frames=6, encoding="mono8", depth="16UC1", change=big_endian)
    write_depth_model(folder / "depth.onnx")
    write_pose_model(folder / "pose.onnx")
    return folder


def command(drive: Path, *options: str) -> list[str]:
    models = ["--depth-model", str(drive / "depth.onnx"), "--pose-model", str(drive / "pose.onnx")]
    return ["view", str(drive / "drive"), *models, "--backend", "onnxruntime", "--odometry-motion", "posenet", *options]


@pytest.fixture(scope="module")
def file(drive: Path) -> Path:
    path = drive / "made" / "drive.rrd"
    assert main(command(drive, "-o", str(path), "--every", "2")) == 0
    return path


@pytest.fixture(scope="module")
def entities(file: Path) -> dict[str, Rows]:
    """The rows of each entity, in order of time: of each component its list of values."""
    from rerun.chunk import RrdReader

    found: dict[str, Rows] = {}
    for chunk in RrdReader(str(file)).stream():
        batch = chunk.to_record_batch()
        columns = {name: batch[name] for name in batch.schema.names if ":" in name}
        if not chunk.is_static:
            columns["time"] = batch["time"].view("int64")
        for values in zip(*(column.to_pylist() for column in columns.values()), strict=True):
            found.setdefault(chunk.entity_path, []).append(dict(zip(columns, values, strict=True)))
    return {path: sorted(rows, key=lambda row: row.get("time", 0)) for path, rows in found.items()}


def decoded(row: dict[str, Any], component: str) -> npt.NDArray:
    pixels = cv2.imdecode(np.array(row[component][0], np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def test_every_second_image_is_there_at_its_time(entities: dict[str, Rows]) -> None:
    for entity in ("image", "depth"):
        rows = entities[f"/world/vehicle/camera/view/{entity}"]
        assert [row["time"] for row in rows] == [1_700_000_000_000_000_000 + i * 200_000_000 for i in range(3)]


def test_pictures_depth_and_true_depth_are_those_of_the_recording(entities: dict[str, Rows]) -> None:
    view = "/world/vehicle/camera/view"
    rows = zip(entities[f"{view}/image"], entities[f"{view}/depth"], entities["/true_depth"], strict=True)
    for index, (image, depth, truth) in enumerate(rows):
        expected = picture(2 * index, WIDTH, HEIGHT)
        assert np.abs(decoded(image, "EncodedImage:blob").astype(int) - expected).max() <= 8  # JPEG
        for row, tolerance in ((depth, 1e-3), (truth, 1e-3)):
            metres = decoded(row, "EncodedDepthImage:blob") / row["EncodedDepthImage:meter"][0]
            np.testing.assert_allclose(metres, luma_depth(expected), atol=1 / 256 + tolerance)


def test_the_cloud_is_what_the_pinhole_sees(entities: dict[str, Rows]) -> None:
    pinhole = entities["/world/vehicle/camera/view"][0]
    k = np.array(pinhole["Pinhole:image_from_camera"][0]).reshape(3, 3).T  # by columns
    np.testing.assert_allclose(k, np.array([[FOCAL_LENGTH, 0, 31.5], [0, FOCAL_LENGTH, 15.5], [0, 0, 1]]))
    assert pinhole["Pinhole:resolution"][0] == [WIDTH, HEIGHT]
    points = np.array(entities["/world/vehicle/camera/points"][1]["Points3D:positions"])
    seen = points @ k.T
    depth = luma_depth(picture(2, WIDTH, HEIGHT))
    columns, rows = np.rint(seen[:, :2] / seen[:, 2:]).astype(int).T
    assert len(points) == WIDTH * HEIGHT / 16
    np.testing.assert_allclose(points[:, 2], depth[rows, columns], rtol=1e-4)
    grey = np.array(entities["/world/vehicle/camera/points"][1]["Points3D:colors"]) >> 24
    np.testing.assert_array_equal(grey, picture(2, WIDTH, HEIGHT)[rows, columns, 0])


def test_the_vehicle_drives_as_it_was_recorded(entities: dict[str, Rows]) -> None:
    moved = [row["Transform3D:translation"][0] for row in entities["/world/vehicle"]]
    np.testing.assert_allclose(moved, [[2 * STEP * index, 0, 0] for index in range(3)], atol=1e-5)
    (mount,) = entities["/world/vehicle/camera"]
    assert mount["Transform3D:translation"][0] == [1.0, 0.0, 1.5]
    forward = np.array(mount["Transform3D:mat3x3"][0]).reshape(3, 3)[2]  # what becomes of the optical z axis
    np.testing.assert_allclose(forward, [1, 0, 0], atol=1e-6)
    for way in ("odometry", "true_odometry"):
        (row,) = entities[f"/world/{way}"]
        np.testing.assert_allclose(row["LineStrips3D:strips"][0], moved, atol=1e-5)


def test_rerun_itself_reads_the_file(file: Path, tmp_path: Path) -> None:
    verify = [sys.executable, "-m", "rerun_cli", "rrd", "verify", str(file)]
    done = subprocess.run(verify, env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120)
    assert "1 file verified without error" in done.stdout + done.stderr


@contextmanager
def viewer(file: Path, folder: Path) -> Iterator[str]:
    """Rerun's own web viewer with the file; gives the address of its page."""
    import rerun_cli

    log = folder / "viewer.log"
    program = Path(rerun_cli.__file__).with_name("rerun")  # Python would start it, and not end it
    serve = [str(program), str(file), "--serve-web", "--bind", "127.0.0.1"]
    serve += ["--port", "auto", "--web-viewer-port", "0"]
    environment = {**os.environ, "HOME": str(folder), "NO_COLOR": "1"}
    with log.open("w") as out:
        process = subprocess.Popen(serve, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while (found := re.search(r"connect at (http\S+)", log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield found[1]
    finally:
        process.terminate()
        process.wait(timeout=30)


def likeness(screen: npt.NDArray[np.uint8], wanted: npt.NDArray[np.uint8]) -> float:
    """Correlation of the part of a screen that is most like a picture, at any size."""
    found = []
    for width in range(80, 320, 2):
        small = cv2.resize(wanted, (width, round(width * wanted.shape[0] / wanted.shape[1])))
        found.append(cv2.matchTemplate(screen, small, cv2.TM_CCOEFF_NORMED).max())
    return float(max(found))


async def screens(page: str, folder: Path) -> AsyncIterator[npt.NDArray[np.uint8]]:
    """What a real browser draws of a page, BGR, again and again, by the protocol of Chromium's developer tools."""
    import aiohttp

    browse = [str(CHROMIUM), "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    browse += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]
    browse += [f"--user-data-dir={folder}", "--window-size=1280,800", "--remote-debugging-port=0", page]
    process = subprocess.Popen(browse, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        async with aiohttp.ClientSession() as session:
            said = folder / "DevToolsActivePort"
            while not (said.exists() and said.read_text().strip()):
                await asyncio.sleep(0.1)
            port = said.read_text().split()[0]
            pages: list[dict[str, str]] = []
            while not pages:
                answer = await session.get(f"http://127.0.0.1:{port}/json")
                pages = [item for item in await answer.json() if item["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as tools:
                while True:
                    await tools.send_json({"id": 1, "method": "Page.captureScreenshot"})
                    png = base64.b64decode((await tools.receive_json())["result"]["data"])
                    yield np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), np.uint8)
                    await asyncio.sleep(1.0)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_browser_shows_it(file: Path, tmp_path: Path) -> None:
    """Rerun's web viewer draws the picture."""
    pictures = [picture(index, WIDTH, HEIGHT)[..., 0] for index in (0, 2, 4)]

    async def wait() -> None:
        with viewer(file, tmp_path) as page:
            async for screen in screens(page, tmp_path / "browser"):
                cv2.imwrite(str(tmp_path / "screen.png"), screen)  # for whoever wants to know why it failed
                colours = cv2.resize(screen, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
                grey = np.where(np.ptp(colours, axis=2) > 12, 0, colours[..., 0]).astype(np.uint8)  # depth is coloured
                if grey.std() > 20 and max(likeness(grey, wanted) for wanted in pictures) > 0.9:
                    return

    asyncio.run(asyncio.wait_for(wait(), 240))


def test_a_file_without_its_end_is_not_taken_for_one(file: Path, tmp_path: Path) -> None:
    """Rerun writes until a disk is full, and says nothing."""
    whole = file.read_bytes()
    _require_whole(file, file)
    for length in (len(whole) - 1, len(whole) // 2, 0):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(OutputError, match=r"drive.rrd: cannot be written .*no end"):
            _require_whole(file, tmp_path / "cut")


def test_without_rerun_one_line_says_what_to_install(drive: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    assert main(command(drive, "-o", str(tmp_path / "new" / "drive.rrd"))) == 1
    assert "pip install rerun-sdk" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_what_fails_leaves_the_file_that_was_there(drive: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "drive.rrd").write_text("before")
    assert main([*command(drive, "-o", str(tmp_path / "drive.rrd")), "--depth-model", "nope.onnx"]) == 1
    assert "nope.onnx" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["drive.rrd"]
    assert (tmp_path / "drive.rrd").read_text() == "before"
