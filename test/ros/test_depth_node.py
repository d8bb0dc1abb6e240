"""depth_node as a process: what it publishes for what a camera sends, good and bad."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Vector3, Vector3Stamped
from helpers.camera import CAMERA, FRAME, TestCamera, encoded
from helpers.graph import DEADLINE, Graph, Listener, Process
from helpers.models import luma_depth
from helpers.steady import steadily
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from depth_perception.geometry.camera import Camera
from depth_perception.node_status import NodeStatus
from depth_perception.nodes.camera_info import message_from_camera
from depth_perception.nodes.images import message_from_image
from depth_perception.nodes.statistics import WINDOW


@pytest.fixture(scope="module")
def node(graph: Graph, models: Path) -> Iterator[Process]:
    with graph.node_process("depth_node", model=models / "depth.onnx") as process:
        graph.until(lambda: graph.node.count_publishers("/depth/image_rect"), "depth_node")
        yield process
        assert process.alive, process.output


@pytest.fixture(scope="module")
def depth(graph: Graph, node: Process) -> Listener:
    listener = graph.listen(Image, "depth/image_rect")
    with TestCamera(graph, CAMERA) as camera:
        camera.wait_for_listeners()
        camera.send_until_answered(None, listener)  # from now on the node knows that somebody wants depth
    return listener


@pytest.fixture(scope="module")
def diagnostics(graph: Graph, node: Process) -> Listener:
    return graph.listen(DiagnosticArray, "/diagnostics").wait_for_publisher()


@pytest.fixture
def camera(graph: Graph, node: Process) -> Iterator[TestCamera]:
    with TestCamera(graph, CAMERA) as camera:
        camera.wait_for_listeners()
        yield camera


def values(message: Image) -> npt.NDArray[np.float32]:
    assert message.encoding == "32FC1"
    assert message.step == 4 * message.width
    return np.frombuffer(message.data, np.float32).reshape(message.height, message.width)


def status(diagnostics: Listener) -> NodeStatus:
    """The latest that the node said."""
    return NodeStatus.of(diagnostics[-1].status[0].values)


def smooth_picture() -> npt.NDArray[np.uint8]:
    """Colours that change slowly, so that encodings which share or compress colour lose little."""
    row, column = np.mgrid[0 : CAMERA.height, 0 : CAMERA.width]
    red = 60 + 120 * column / CAMERA.width
    green = 70 + 100 * row / CAMERA.height
    blue = 140 - 60 * column / CAMERA.width
    return np.rint(np.stack([red, green, blue], axis=-1)).astype(np.uint8)


def test_depth_has_the_stamp_the_frame_and_the_values_of_its_image(camera: TestCamera, depth: Listener) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (CAMERA.height, CAMERA.width, 3), np.uint8)
    stamp = camera.send(encoded(picture, "rgb8"))
    message = depth.of(stamp)
    assert message.header.frame_id == FRAME
    np.testing.assert_allclose(values(message), luma_depth(picture), rtol=1e-5)


@pytest.mark.parametrize(
    ("encoding", "tolerance"),
    [
        ("bgr8", 1e-5),
        ("rgba8", 1e-5),
        ("bgra8", 1e-5),
        ("mono8", 0.01),
        ("mono16", 0.01),
        ("bayer_rggb8", 0.02),
        ("yuv422", 0.03),
        ("yuv422_yuy2", 0.03),
    ],
)
def test_every_encoding_gives_the_same_depth(
    camera: TestCamera, depth: Listener, encoding: str, tolerance: float
) -> None:
    picture = smooth_picture()
    result = values(depth.of(camera.send(encoded(picture, encoding))))
    inner = (slice(2, -2), slice(2, -2))  # Bayer has no neighbours at the border
    np.testing.assert_allclose(result[inner], luma_depth(picture)[inner], rtol=tolerance)


@pytest.mark.parametrize(("encoding", "tolerance"), [("jpeg", 0.03), ("png", 1e-5)])
def test_compressed_images_are_found_and_give_the_same_depth(
    graph: Graph, depth: Listener, encoding: str, tolerance: float
) -> None:
    with TestCamera(graph, CAMERA, compressed=True) as camera:
        camera.wait_for_listeners()
        picture = smooth_picture()
        message = depth.of(camera.send(encoded(picture, encoding)))
    assert message.header.frame_id == FRAME
    np.testing.assert_allclose(values(message), luma_depth(picture), rtol=tolerance)


def test_rows_with_padding_are_read_right(camera: TestCamera, depth: Listener) -> None:
    picture = smooth_picture()
    padded = np.full((CAMERA.height, CAMERA.width * 3 + 40), 255, np.uint8)
    padded[:, : CAMERA.width * 3] = picture.reshape(CAMERA.height, -1)
    message = encoded(picture, "rgb8")
    message.step, message.data = padded.shape[1], padded.tobytes()
    np.testing.assert_allclose(values(depth.of(camera.send(message))), luma_depth(picture), rtol=1e-5)


def test_outputs_are_of_one_view(graph: Graph, camera: TestCamera, depth: Listener) -> None:
    """A distorted camera of another size and focal length: the outputs agree with each other and with OpenCV."""
    import cv2

    raw = Camera(320, 240, 150.0, 152.0, 158.0, 117.0, (-0.2, 0.05, 0.001, -0.001, 0.0))
    row, column = np.mgrid[0:240, 0:320]
    picture = np.stack([column * 0.6 + 20, row * 0.8 + 20, 200 - column * 0.4], axis=-1).astype(np.uint8)
    with (
        graph.listen(Image, "image_rect") as rectified,
        graph.listen(CameraInfo, "depth/camera_info") as infos,
        graph.listen(Image, "rgb/image_rect_color") as pictures,
        graph.listen(CameraInfo, "rgb/camera_info") as infos_of_pictures,
        graph.listen(Vector3Stamped, "depth/scale") as scales,
        graph.listen(Image, "depth/color") as colors,
    ):
        outputs = (rectified, infos, scales, colors, depth, pictures, infos_of_pictures)
        image, info, scale, color, result, same_image, same_info = camera.send_until_answered(
            encoded(picture, "rgb8"), *outputs, info=distorted_info(raw)
        )

    assert (same_image, same_info) == (image, info)
    assert {message.header.frame_id for message in (image, info, scale, color, result)} == {FRAME}
    size = (CAMERA.height, CAMERA.width)
    assert {(message.height, message.width) for message in (image, info, color, result)} == {size}
    assert (image.encoding, color.encoding) == ("rgb8", "rgb8")
    assert list(info.d) == [0.0] * 5
    k = np.array(info.k).reshape(3, 3)
    np.testing.assert_allclose(np.array(info.p).reshape(3, 4), np.column_stack([k, np.zeros(3)]))
    assert scale.vector.x == 1.0
    assert 0 < scale.vector.y < 1

    view = np.frombuffer(image.data, np.uint8).reshape(*size, 3)
    maps = cv2.initUndistortRectifyMap(
        raw.matrix, np.array(raw.distortion), np.eye(3), k, (CAMERA.width, CAMERA.height), cv2.CV_32FC1
    )
    expected = cv2.remap(picture, *maps, cv2.INTER_LINEAR)
    inner = (slice(2, -2), slice(2, -2))
    assert np.abs(view[inner].astype(int) - expected[inner]).max() <= 2
    # A longer lens shows the same thing larger: depth is that much more than the network, which knows one lens, says.
    np.testing.assert_allclose(values(result)[inner], (luma_depth(view) * k[0, 0] / CAMERA.fx)[inner], rtol=1e-3)


def test_another_resolution_is_taken_at_once(camera: TestCamera, depth: Listener) -> None:
    picture = smooth_picture()
    depth.of(camera.send(encoded(picture, "rgb8")))
    double = CAMERA.resized(2 * CAMERA.width, 2 * CAMERA.height)
    large = np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)
    info = message_from_camera(double, camera.header())
    (message,) = camera.send_until_answered(encoded(large, "rgb8"), depth, info=info)
    np.testing.assert_allclose(values(message), luma_depth(picture), rtol=0.01)


def test_nothing_is_computed_that_nobody_wants(graph: Graph, models: Path) -> None:
    topics = ("image", "camera_info", "depth/image_rect")
    with (
        graph.node_process(
            "depth_node",
            name="idle",
            remap={topic: f"idle/{topic}" for topic in topics},
            model=models / "depth.onnx",
        ),
        TestCamera(graph, CAMERA, topic="idle/image") as camera,
        graph.listen(DiagnosticArray, "/diagnostics") as diagnostics,
    ):
        camera.wait_for_listeners()

        def idle() -> NodeStatus:
            mine = [item for message in diagnostics for item in message.status if item.name == "idle"]
            return NodeStatus.of(mine[-1].values) if mine else NodeStatus()

        for _ in range(3):
            camera.send()
            graph.spin(0.1)
        graph.until(lambda: idle().received == 3, "diagnostics of three frames")
        graph.until(lambda: idle().skipped + idle().dropped == 3, "all frames let go")
        assert idle().processed == 0
        with graph.listen(Image, "idle/depth/image_rect") as listener:
            camera.send_until_answered(None, listener)


def distorted_info(raw: Camera) -> CameraInfo:
    info = message_from_camera(raw.rectified(), CameraInfo().header)
    info.d = list(raw.distortion)
    return info


def bad_step(message: Image, info: CameraInfo) -> None:
    message.step = 100


def short_data(message: Image, info: CameraInfo) -> None:
    message.data = message.data[:-3]


def unknown_encoding(message: Image, info: CameraInfo) -> None:
    message.encoding = "hyperspectral12"


def zero_camera(message: Image, info: CameraInfo) -> None:
    info.k = np.zeros(9)


def other_size(message: Image, info: CameraInfo) -> None:
    info.width, info.height = 640, 480


def no_pixels(message: Image, info: CameraInfo) -> None:
    message.width = message.height = message.step = 0
    message.data = b""


def unknown_lens(message: Image, info: CameraInfo) -> None:
    info.distortion_model, info.d = "double_sphere", [0.5, 0.1]


def identity(message: Image, info: CameraInfo) -> None:
    info.k = np.eye(3).ravel()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (bad_step, "step is 100 bytes"),
        (short_data, "data has"),
        (unknown_encoding, "hyperspectral12"),
        (zero_camera, "not calibrated"),
        (other_size, "another resolution"),
        (no_pixels, "image size is 0x0"),
        (unknown_lens, "double_sphere"),
        (identity, "opens 178°"),
    ],
)
def test_a_bad_frame_is_one_line_and_one_count_and_the_node_goes_on(
    graph: Graph,
    node: Process,
    camera: TestCamera,
    depth: Listener,
    diagnostics: Listener,
    spoil: Callable[[Image, CameraInfo], None],
    said: str,
) -> None:
    diagnostics.next()
    before = status(diagnostics).failed
    message, info = encoded(smooth_picture(), "rgb8"), message_from_camera(CAMERA, camera.header())
    spoil(message, info)
    camera.infos.publish(info)  # ahead of its image: two topics have no order, and the latest calibration counts
    graph.spin(0.3)
    sent, deadline = 0, time.monotonic() + DEADLINE

    def reported() -> Any:
        """The first report of it; of a node that was kept waiting it may say first that nothing comes."""
        reports = (message.status[0] for message in diagnostics)
        return next((report for report in reports if report.level == b"\x02" and said in report.message), None)

    while not (report := reported()):  # on a slow machine the image may be ahead all the same
        assert time.monotonic() < deadline, node.output
        camera.send(message, info=info)
        sent += 1
        with contextlib.suppress(AssertionError):
            graph.until(reported, "the error in /diagnostics", 5.0)
    after = NodeStatus.of(report.values)
    assert 1 <= after.failed - before <= sent
    assert said in after.last_error
    assert "[ERROR]" in node.wait_for_output(said)
    assert "Traceback" not in node.output
    camera.send_until_answered(None, depth)


def test_a_broken_jpeg_is_one_line_and_the_node_goes_on(graph: Graph, node: Process, depth: Listener) -> None:
    with TestCamera(graph, CAMERA, compressed=True) as camera:
        camera.wait_for_listeners()
        message = encoded(smooth_picture(), "jpeg")
        camera.send(CompressedImage(format="jpeg", data=bytes(message.data[:400])))
        assert "[ERROR]" in node.wait_for_output("compressed image is not a complete picture: its jpeg is damaged")
        camera.send_until_answered(message, depth)


def test_an_error_that_lasts_is_not_logged_with_every_frame(
    graph: Graph, node: Process, camera: TestCamera, depth: Listener
) -> None:
    for _ in range(5):
        message = encoded(smooth_picture(), "rgb8")
        message.encoding = "again_and_again"
        camera.send(message)
        graph.spin(0.05)
    node.wait_for_output("again_and_again")
    camera.send_until_answered(None, depth)  # and has done with all before
    assert node.output.count("image encoding 'again_and_again'") == 1


def test_time_may_go_back(camera: TestCamera, depth: Listener, node: Process) -> None:
    depth.of(camera.send())
    camera.now -= 500 * 1_000_000_000
    depth.of(camera.send())
    node.wait_for_output("time went back")


@pytest.mark.alone
def test_diagnostics_say_how_the_node_is(
    graph: Graph, camera: TestCamera, depth: Listener, diagnostics: Listener
) -> None:
    camera.now = graph.node.get_clock().now().nanoseconds
    diagnostics.next()

    def run() -> tuple[float, NodeStatus]:
        """Images for as long as a rate looks back, and longer: their rate, and what the node said after one of them."""
        before, start = status(diagnostics).received, time.monotonic()
        sent: list[float] = []

        def said_between_two_images() -> bool:
            known = status(diagnostics)
            complete = known.idle and known.received >= before + 10 * WINDOW
            return complete and diagnostics[-1].status[0].message == "running"

        while not said_between_two_images():
            assert time.monotonic() - start < DEADLINE, status(diagnostics)
            camera.send()
            sent.append(time.monotonic())
            graph.spin(0.1)
        known = status(diagnostics)
        assert diagnostics[-1].status[0].level == b"\x00"
        assert known.state == "active"
        assert (known.backend or "").startswith("openvino")
        assert known.model == "luma_depth"
        assert known.scale_source == "model"
        for took in (known.latency_from_receipt, known.latency_from_stamp):
            assert took is not None
            assert took.p50 <= took.p95 <= took.p99
        recent = [when for when in sent if when > sent[-1] - WINDOW]
        return (len(recent) - 1) / (recent[-1] - recent[0]), known

    def is_good(result: tuple[float, NodeStatus]) -> bool:
        rate, known = result
        assert known.latency_from_receipt is not None
        assert known.engine is not None
        latency, engine = known.latency_from_receipt.p50, known.engine.p50
        return known.input_rate == pytest.approx(rate, rel=0.2) and 0 < engine <= latency < 1

    steadily(run, is_good)


def set_parameter(graph: Graph, name: str, value: ParameterValue) -> Any:
    request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
    (result,) = graph.call(SetParameters, "/depth_node/set_parameters", request).results
    return result


def number(value: float) -> ParameterValue:
    return ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)


def text(value: str) -> ParameterValue:
    return ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)


def test_ranges_can_change_while_it_runs(graph: Graph, camera: TestCamera, depth: Listener) -> None:
    picture = smooth_picture()
    expected = luma_depth(picture)
    middle = float(np.median(expected))
    assert set_parameter(graph, "maximum_range", number(middle)).successful
    try:
        result = values(depth.of(camera.send(encoded(picture, "rgb8"))))
    finally:
        assert set_parameter(graph, "maximum_range", number(200.0)).successful
    far = expected > middle * 1.0001
    assert np.isposinf(result[far]).all()
    assert np.isfinite(result[expected < middle * 0.9999]).all()
    assert not (result == 0).any()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("maximum_range", number(-3.0), "range"),
        ("minimum_range", number(900.0), "below the maximum"),
        ("maximum_range", text("far"), "type"),
        ("maximum_rnage", number(1.0), "did you mean maximum_range?"),
        ("model", text("other.onnx"), "unconfigured"),
        (
            "camera_pose",
            ParameterValue(type=ParameterType.PARAMETER_DOUBLE_ARRAY, double_array_value=[1.0]),
            "unconfig",
        ),
    ],
)
def test_impossible_parameters_are_refused_with_a_reason(
    graph: Graph, node: Process, name: str, value: ParameterValue, said: str
) -> None:
    result = set_parameter(graph, name, value)
    assert not result.successful
    assert said in result.reason


def test_every_parameter_has_a_description_and_every_number_limits(graph: Graph, node: Process) -> None:
    names = graph.call(ListParameters, "/depth_node/list_parameters", ListParameters.Request()).result.names
    ours = [name for name in names if name not in ("use_sim_time", "start_type_description_service")]
    assert "model" in ours
    request = DescribeParameters.Request(names=ours)
    for descriptor in graph.call(DescribeParameters, "/depth_node/describe_parameters", request).descriptors:
        assert len(descriptor.description) > 10, descriptor.name
        if descriptor.type == ParameterType.PARAMETER_DOUBLE:
            assert descriptor.floating_point_range, descriptor.name
        if descriptor.type == ParameterType.PARAMETER_INTEGER:
            assert descriptor.integer_range, descriptor.name
    # As ros2 param dump asks: for all at once, and for none there is an answer if one of them has no value.
    answers = graph.call(GetParameters, "/depth_node/get_parameters", GetParameters.Request(names=names)).values
    assert [answer.type for answer in answers].count(ParameterType.PARAMETER_NOT_SET) == 0
    assert len(answers) == len(names)


def of_focal_length(header: Any, focal_length: float) -> CameraInfo:
    return message_from_camera(replace(CAMERA, fx=focal_length, fy=focal_length), header)


def test_an_image_waits_for_the_calibration_of_its_stamp(graph: Graph, camera: TestCamera, depth: Listener) -> None:
    """Of a lens that zooms, whose driver sends the image first."""
    expected = [90.0, 100.0, 110.0]
    with graph.listen(CameraInfo, "depth/camera_info").wait_for_publisher() as infos:
        camera.send_until_answered(None, infos)
        for _ in range(3):  # by which it is known that each image has its own
            infos.of(camera.send())

        def zoom() -> list[float]:
            found = []
            for focal_length in expected:
                header = camera.header()
                camera.images.publish(message_from_image(smooth_picture(), "rgb8", header))
                graph.spin(0.05)
                camera.infos.publish(of_focal_length(header, focal_length))
                found.append(infos.of(header.stamp).k[0])
            return found

        steadily(zoom, lambda found: found == expected)


def test_the_calibration_is_that_of_the_images_frame(
    graph: Graph, camera: TestCamera, depth: Listener, node: Process
) -> None:
    """Where two cameras send theirs to one topic; and if none is of it, that is said."""
    with graph.listen(CameraInfo, "depth/camera_info").wait_for_publisher() as infos:
        camera.send_until_answered(None, infos)
        header = camera.header()
        rear = replace_header("rear_optical_frame")
        rear.stamp = header.stamp
        camera.infos.publish(of_focal_length(header, 80.0))
        camera.infos.publish(of_focal_length(rear, 160.0))
        graph.spin(0.1)
        camera.images.publish(message_from_image(smooth_picture(), "rgb8", header))
        assert infos.of(header.stamp).k[0] == 80.0
        assert "rear_optical_frame" not in node.output
        for _ in range(12):
            rear.stamp = camera.header().stamp
            camera.infos.publish(of_focal_length(rear, 160.0))
        graph.spin(0.2)
        camera.images.publish(message_from_image(smooth_picture(), "rgb8", camera.header()))
        line = node.wait_for_output("rear_optical_frame")
        assert f"is of frame 'rear_optical_frame', images of '{FRAME}'" in line


def test_a_covered_lens_is_one_line_and_no_depth(camera: TestCamera, depth: Listener, node: Process) -> None:
    black = np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)
    stamp = camera.send(message_from_image(black, "rgb8", replace_header()))
    node.wait_for_output("the image shows nothing")
    camera.send_until_answered(None, depth)
    assert not depth.has(stamp)


def test_a_camera_without_camera_info_says_so(graph: Graph, models: Path) -> None:
    remap = {"image": "lonely/image", "camera_info": "lonely/camera_info", "depth/image_rect": "lonely/depth"}
    with (
        graph.node_process("depth_node", name="lonely", remap=remap, model=models / "depth.onnx") as process,
        graph.listen(Image, "lonely/depth").wait_for_publisher(),
    ):
        publisher = graph.node.create_publisher(Image, "lonely/image", 5)
        graph.until(publisher.get_subscription_count, "the node")
        message = message_from_image(smooth_picture(), "rgb8", replace_header())
        deadline = time.monotonic() + DEADLINE
        while "no camera_info" not in process.output:  # the node may not know yet that somebody wants depth
            assert time.monotonic() < deadline, process.output
            publisher.publish(message)
            graph.spin(0.3)
        assert "/lonely/camera_info" in process.wait_for_output("no camera_info")
        graph.node.destroy_publisher(publisher)


def replace_header(frame: str = FRAME) -> Any:
    from std_msgs.msg import Header

    return Header(frame_id=frame)


def test_metres_are_those_that_odometry_measures(graph: Graph, models: Path) -> None:
    topics = ("image", "camera_info", "depth/image_rect", "depth/scale", "odom/scale")
    picture = smooth_picture()
    with (
        graph.node_process(
            "depth_node",
            name="corrected",
            remap={topic: f"corrected/{topic}" for topic in topics},
            model=models / "depth.onnx",
            scale_source="odometry",
        ),
        graph.listen(Image, "corrected/depth/image_rect").wait_for_publisher() as depth,
        graph.listen(Vector3Stamped, "corrected/depth/scale").wait_for_publisher() as scales,
        TestCamera(graph, CAMERA, topic="corrected/image") as camera,
    ):
        measured = graph.node.create_publisher(Vector3Stamped, "corrected/odom/scale", 10)
        camera.wait_for_listeners()
        graph.until(measured.get_subscription_count, "a node that listens")
        first, scale = camera.send_until_answered(encoded(picture, "rgb8"), depth, scales)
        assert (scale.vector.x, scale.vector.z) == (1.0, 0.0)
        for wrong in (float("nan"), 1e200):  # says so, and goes on with what it knows
            measured.publish(Vector3Stamped(vector=Vector3(x=wrong, y=0.02, z=1.0)))
        measured.publish(Vector3Stamped(vector=Vector3(x=1.25, y=0.02, z=1.0)))
        deadline = time.monotonic() + DEADLINE
        while (scale := scales.of(camera.send(encoded(picture, "rgb8")))).vector.z == 0.0:
            assert time.monotonic() < deadline, "the scale is not taken"
        corrected = depth.of(scale.header.stamp)
        measured.publish(Vector3Stamped(vector=Vector3(x=1.0, y=float("inf"))))  # it is taken back
        while (last := scales.of(camera.send(encoded(picture, "rgb8")))).vector.z == 1.0:
            assert time.monotonic() < deadline, "the scale is not given up"
        graph.node.destroy_publisher(measured)
    assert (scale.vector.x, scale.vector.y) == (1.25, 0.02)
    assert (last.vector.x, last.vector.z) == (1.0, 0.0)
    np.testing.assert_allclose(values(corrected), 1.25 * values(first), rtol=1e-5)
