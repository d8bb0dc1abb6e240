"""point_cloud_node as a process: the points of depth from depth_node, and of depth that the test makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from helpers.camera import CAMERA, FRAME, TestCamera, encoded
from helpers.graph import Graph, Listener, Process
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from depth_perception.geometry.camera import Camera
from depth_perception.node_status import NodeStatus
from depth_perception.nodes.camera_info import message_from_camera
from depth_perception.nodes.images import message_from_image

SIZE = (CAMERA.height, CAMERA.width)


@pytest.fixture(scope="module")
def node(graph: Graph) -> Iterator[Process]:
    with graph.node_process("point_cloud_node") as process:
        yield process
        assert process.alive, process.output


@pytest.fixture(scope="module")
def clouds(graph: Graph, node: Process) -> Listener:
    return graph.listen(PointCloud2, "depth/points").wait_for_publisher()


class Depths:
    """Publishes what point_cloud_node takes, as depth_node does."""

    def __init__(self, graph: Graph) -> None:
        self._camera = TestCamera(graph, CAMERA)
        self._graph = graph
        self.depth = graph.node.create_publisher(Image, "depth/image_rect", 10)
        self.info = graph.node.create_publisher(CameraInfo, "depth/camera_info", 10)
        self.image = graph.node.create_publisher(Image, "image_rect", 10)

    def wait_for_listeners(self, count: int = 1) -> None:
        publishers = (self.depth, self.info, self.image)
        self._graph.until(
            lambda: all(publisher.get_subscription_count() >= count for publisher in publishers), "listeners"
        )

    def send(self, depth: npt.NDArray, encoding: str = "32FC1", order: str = "dci") -> Any:
        header = self._camera.header()
        grey = np.full((*SIZE, 3), (10, 20, 30), np.uint8)
        messages = {
            "d": (self.depth, message_from_image(depth, encoding, header)),
            "c": (self.info, message_from_camera(CAMERA, header)),
            "i": (self.image, message_from_image(grey, "rgb8", header)),
        }
        for letter in order:
            publisher, message = messages[letter]
            publisher.publish(message)
        return header.stamp

    def close(self) -> None:
        self._camera.__exit__()
        for publisher in (self.depth, self.info, self.image):
            self._graph.node.destroy_publisher(publisher)


@pytest.fixture
def depths(graph: Graph, clouds: Listener) -> Iterator[Depths]:
    depths = Depths(graph)
    depths.wait_for_listeners()
    yield depths
    depths.close()


def points(cloud: PointCloud2) -> npt.NDArray[np.float32]:
    assert [(field.name, field.offset, field.datatype) for field in cloud.fields] == [
        (name, 4 * index, 7) for index, name in enumerate(("x", "y", "z", "rgb"))
    ]
    assert cloud.row_step == 16 * cloud.width
    assert len(cloud.data) == cloud.row_step * cloud.height
    return np.frombuffer(cloud.data, np.float32).reshape(cloud.height, cloud.width, 4)


def set_number(graph: Graph, name: str, number: float) -> None:
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=number)
    request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
    (result,) = graph.call(SetParameters, "/point_cloud_node/set_parameters", request).results
    assert result.successful, result.reason


def test_it_listens_only_while_somebody_wants_points(graph: Graph, node: Process) -> None:
    def says() -> tuple[bool, str]:
        status = diagnostics.next().status[0]
        return NodeStatus.of(status.values).listening, status.message

    nobody = (False, "nobody subscribes to what it publishes")
    graph.until(lambda: graph.node.count_publishers("/depth/points"), "point_cloud_node")
    assert graph.node.count_subscribers("/depth/image_rect") == 0
    with graph.listen(DiagnosticArray, "/diagnostics") as diagnostics:
        graph.until(lambda: says() == nobody, "its rest")
        with graph.listen(PointCloud2, "depth/points"):
            graph.until(lambda: graph.node.count_subscribers("/depth/image_rect") == 1, "its subscription")
            graph.until(lambda: says()[0], "its word of it")
            assert says()[1].startswith("waiting for ")
        graph.until(lambda: graph.node.count_subscribers("/depth/image_rect") == 0, "the end of its subscription")
        graph.until(lambda: says() == nobody, "its rest")


def test_a_pixel_of_the_depth_is_the_point_of_the_cloud(graph: Graph, clouds: Listener, models: Path) -> None:
    """Through both nodes, with a distorted camera of another size: back-projected with the K that is published."""
    raw = Camera(320, 240, 150.0, 152.0, 158.0, 117.0, (-0.2, 0.05, 0.001, -0.001, 0.0))
    picture = np.random.default_rng(2).integers(0, 256, (240, 320, 3), np.uint8)
    with (
        graph.node_process("depth_node", model=models / "depth.onnx"),
        graph.listen(Image, "depth/image_rect") as depths,
        graph.listen(CameraInfo, "depth/camera_info") as infos,
        graph.listen(Image, "image_rect") as images,
        TestCamera(graph, raw.rectified()) as camera,
    ):
        camera.wait_for_listeners()
        graph.until(lambda: graph.node.count_subscribers("/image_rect") == 2, "point_cloud_node on image_rect")
        info = message_from_camera(raw.rectified(), camera.header())
        info.d = list(raw.distortion)
        cloud, depth, info, image = camera.send_until_answered(
            encoded(picture, "rgb8"), clouds, depths, infos, images, info=info
        )

    assert cloud.header == depth.header == info.header == image.header
    assert cloud.header.frame_id == FRAME
    assert (cloud.height, cloud.width, cloud.is_dense) == (*SIZE, False)
    k = np.array(info.k).reshape(3, 3)
    z = np.frombuffer(depth.data, np.float32).reshape(SIZE).astype(np.float64)
    row, column = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    rays = np.stack([column, row, np.ones(SIZE)], axis=-1) @ np.linalg.inv(k).T
    expected = rays * z[..., None]
    there = np.isfinite(z) & (np.linalg.norm(expected, axis=-1) < 79.9)
    assert there.mean() > 0.3
    np.testing.assert_allclose(points(cloud)[there][:, :3], expected[there], rtol=1e-4, atol=1e-4)
    colour = np.ascontiguousarray(points(cloud)[..., 3]).view(np.uint32)
    rgb = np.frombuffer(image.data, np.uint8).reshape(*SIZE, 3).astype(np.uint32)
    np.testing.assert_array_equal(colour, rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2])


def test_depth_that_is_none_is_no_point(clouds: Listener, depths: Depths) -> None:
    depth = np.full(SIZE, 10.0, np.float32)
    depth[0, :4] = [np.nan, np.inf, -np.inf, 0.0]
    cloud = points(clouds.of(depths.send(depth)))
    assert np.isnan(cloud[0, :4, :3]).all()
    assert np.isfinite(cloud[1:, :, :3]).all()


def test_millimetres_are_metres(clouds: Listener, depths: Depths) -> None:
    depth = np.full(SIZE, 12_500, np.uint16)
    depth[0, 0] = 0
    cloud = points(clouds.of(depths.send(depth, "16UC1")))
    assert np.isnan(cloud[0, 0, 2])
    np.testing.assert_allclose(cloud[1:, :, 2], 12.5, rtol=1e-6)


@pytest.mark.parametrize("order", ["idc", "cid"])
def test_messages_may_come_in_any_order(clouds: Listener, depths: Depths, order: str) -> None:
    clouds.of(depths.send(np.full(SIZE, 5.0, np.float32), order=order))


def test_what_has_no_partner_gives_way(graph: Graph, clouds: Listener, depths: Depths) -> None:
    depth = np.full(SIZE, 5.0, np.float32)
    lonely = []
    for _ in range(15):
        lonely.append(depths.send(depth, order="d"))
        graph.spin(0.02)
    clouds.of(depths.send(depth))
    assert not any(cloud.header.stamp in lonely for cloud in clouds)
    with graph.listen(DiagnosticArray, "/diagnostics") as diagnostics:
        said = NodeStatus.of(diagnostics.next().status[0].values)
    assert said.unpaired is not None
    assert said.unpaired + said.lost == 6  # of sixteen stamps ten may wait


def test_range_limits_change_while_it_runs(graph: Graph, clouds: Listener, depths: Depths) -> None:
    depth = np.full(SIZE, 5.0, np.float32)
    depth[: SIZE[0] // 2] = 30.0
    set_number(graph, "maximum_range", 20.0)
    try:
        cloud = points(clouds.of(depths.send(depth)))
    finally:
        set_number(graph, "maximum_range", 80.0)
    assert np.isnan(cloud[: SIZE[0] // 2, :, 2]).all()
    assert np.isfinite(cloud[SIZE[0] // 2 :, :, 2]).all()


def test_points_below_the_height_limit_are_left_out(graph: Graph, depths: Depths) -> None:
    """Level camera, 1.5 m up, limit 0.5 m below the ground: points more than 2 m below the camera go."""
    with (
        graph.node_process(
            "point_cloud_node",
            name="limited",
            remap={"depth/points": "limited/points"},
            camera_pose="[0.0, 0.0, 1.5, 0.0, 0.0, 0.0]",
            minimum_height=-0.5,
        ),
        graph.listen(PointCloud2, "limited/points").wait_for_publisher() as limited,
    ):
        depths.wait_for_listeners(2)
        cloud = points(limited.of(depths.send(np.full(SIZE, 6.0, np.float32))))
    drop = 6.0 * (np.arange(SIZE[0]) - CAMERA.cy) / CAMERA.fy
    assert np.isnan(cloud[drop > 2.01, :, 2]).all()
    assert np.isfinite(cloud[drop < 1.99, :, 2]).all()
    assert (drop > 2.01).any()


def test_voxels_leave_one_point_each(graph: Graph, clouds: Listener, depths: Depths) -> None:
    set_number(graph, "voxel_size", 0.5)
    try:
        cloud = clouds.of(depths.send(np.full(SIZE, 4.2, np.float32)))
    finally:
        set_number(graph, "voxel_size", 0.0)
    kept = points(cloud)[0]
    assert cloud.height == 1
    assert cloud.is_dense
    assert np.isfinite(kept).all()
    cells = np.floor(kept[:, :3] / 0.5).astype(int)
    assert len(np.unique(cells, axis=0)) == len(cells)
    assert 10 < len(cells) < SIZE[0] * SIZE[1] / 10


def test_depth_of_another_size_than_its_camera_is_one_line(node: Process, clouds: Listener, depths: Depths) -> None:
    depths.send(np.full((SIZE[0] - 1, SIZE[1]), 5.0, np.float32))
    assert "[ERROR]" in node.wait_for_output("depth is float32")
    clouds.of(depths.send(np.full(SIZE, 5.0, np.float32)))
