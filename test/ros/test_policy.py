"""The policy for SROS 2 allows the nodes what they do, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from helpers.graph import DEADLINE, ROOT, Graph
from helpers.models import write_depth_model, write_pose_model

from depth_perception.model_file import SemanticClass
from tools.reference import MESSAGES, OF_EVERY_NODE

ASKING = """
import json, sys
import rclpy
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from depth_perception.nodes.depth_node import DepthNode
from depth_perception.nodes.odometry_node import OdometryNode
from depth_perception.nodes.point_cloud_node import PointCloudNode

MOUNT = [0.0, 0.0, 1.5, 0.0, 0.0, 0.0]
WAYS = {  # of using each, which together use all there is
    DepthNode: [{"model": "depth.onnx"}, {"image_transport": "compressed", "scale_source": "odometry"}],
    OdometryNode: [
        {"model": "pose.onnx", "camera_pose": MOUNT, "scale_source": "fused"},
        {"scale_source": "depth", "image_transport": "compressed"},
    ],
    PointCloudNode: [{}],
}
rclpy.init()
listener = rclpy.create_node("listener")
listener.create_subscription(PointCloud2, "depth/points", lambda message: None, 1)
found, types = {}, {}
for kind, ways in WAYS.items():
    node = kind()
    name = node.get_name()
    sets = found[name] = {"publish": set(), "subscribe": set(), "reply": set(), "request": set()}
    for parameters in ways:
        node.set_parameters([Parameter(key, value=value) for key, value in parameters.items()])
        node.trigger_configure()
        node.trigger_activate()
        while kind is PointCloudNode and not node.get_subscriber_names_and_types_by_node(name, "/"):
            rclpy.spin_once(node)
        for how, names in (
            ("publish", node.get_publisher_names_and_types_by_node(name, "/")),
            ("subscribe", node.get_subscriber_names_and_types_by_node(name, "/")),
            ("reply", node.get_service_names_and_types_by_node(name, "/")),
            ("request", node.get_client_names_and_types_by_node(name, "/")),
        ):
            sets[how] |= {topic for topic, _ in names}
            if how in ("publish", "subscribe"):
                types |= {topic: sorted({*types.get(topic, ()), *kinds}) for topic, kinds in names}
        node.trigger_deactivate()
        node.trigger_cleanup()
    node.destroy_node()
found = {name: {how: sorted(names) for how, names in sets.items()} for name, sets in found.items()}
print(json.dumps({"found": found, "types": types}))
"""
CLOCK = {"/clock"}
"""What nodes listen to with ``use_sim_time``."""
TF_IN, TF_OUT = {"/tf", "/tf_static"}, {"/tf"}
"""What it takes without ``camera_pose``, and with ``publish_tf``: tf2_ros, of which there is no wheel."""


def test_the_policy_is_what_the_nodes_do(graph: Graph, tmp_path: Path) -> None:
    write_depth_model(tmp_path / "depth.onnx", classes=(SemanticClass("road", (0, 0, 0)),), extras=("confidence",))
    write_pose_model(tmp_path / "pose.onnx")
    script = ASKING.replace('"depth.onnx"', repr(str(tmp_path / "depth.onnx")))
    with graph.run(["-c", script.replace('"pose.onnx"', repr(str(tmp_path / "pose.onnx")))]) as process:
        assert process.wait(DEADLINE) == 0, process.output
        said = json.loads(process.output.splitlines()[-1])
    found = said["found"]
    done = {(node, how): set(names) for node, sets in found.items() for how, names in sets.items() if names}
    for node in found:
        done.setdefault((node, "subscribe"), set()).update(CLOCK)
    for node in ("depth_node", "odometry_node"):
        done[node, "subscribe"] |= TF_IN
    done["odometry_node", "publish"] |= TF_OUT
    assert allowed(ROOT / "config" / "sros2_policy.xml") == done

    general = {named(topic, node) for topic in OF_EVERY_NODE for node in found}
    types = {topic: kinds for topic, kinds in said["types"].items() if topic not in general}
    assert types == {
        named(topic, "odometry_node"): [kind] for topic, kind in MESSAGES.items() if topic not in TF_IN | TF_OUT
    }


def named(topic: str, node: str) -> str:
    """The absolute name of a topic of a node."""
    name = topic.replace("~", f"/{node}")
    return name if name.startswith("/") else f"/{name}"


def allowed(policy: Path) -> dict[tuple[str, str], set[str]]:
    """The absolute names by node and by what it may do with them."""
    found: dict[tuple[str, str], set[str]] = {}
    for profile in ElementTree.parse(policy).iterfind("enclaves/enclave/profiles/profile"):
        node = profile.attrib["node"]
        for rules in profile:
            ((how, rule),) = rules.attrib.items()
            assert rule == "ALLOW"
            names = [named(str(item.text), node) for item in rules]
            assert (node, how) not in found
            assert len(set(names)) == len(names)
            found[node, how] = set(names)
    return found
