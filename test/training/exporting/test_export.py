"""Export: the file answers as torch does, says what it is, and is not written when it does not."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from helpers.training import make_system

from depth_perception.engines.choose import open_engine
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import (
    SCALE_SIGMA,
    FreeView,
    ModelDescription,
    ModelFileError,
    MotionNoise,
    Score,
    TrainingData,
    read_description,
)
from training.commands.export import main as export_command
from training.commands.fit import main as fit_command
from training.data.datasets.kitti_raw import KittiRawData
from training.data.datasets.street import StreetData
from training.data.datasets.video import VideoData
from training.errors import TrainingError
from training.exporting.export import export, read_scores
from training.exporting.onnx_graph import compare_answers, fold_batch_norm, store_half
from training.models import DepthModel, Model, PoseModel
from training.motion import matrix_from_motion
from training.networks.correlation_pose_net import CorrelationPoseNet
from training.networks.dual_networks import DualNetworks
from training.networks.lr_net import LRNet
from training.networks.pose_net import PoseNet
from training.networks.resnet import ResNet18
from training.systems.exported import load_exported
from training.systems.loss_weights import LossWeights
from training.systems.training_system import provenance_of
from training.trained import Trained

SMOKE = Path(__file__).parents[3] / "config/training/dual_networks/smoke.yaml"
LEARNT = TrainingData("a drive", "MIT", ("depth",))
SHIPPED_POSE = Path(__file__).resolve().parents[3] / "models" / "posenet.onnx"


def depth_network():
    torch.manual_seed(0)
    lr = LRNet(ResNet18(8), (32, 24, 16, 16, 16))
    network = DualNetworks(lr, (8, 8, 16, 16), (1, 1, 1, 1), (16, 16, 8, 8), attention=16).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as if trained
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    return network


def describe(task, **values):
    size = {"height": 96, "width": 192} if task == "depth" else {"height": 64, "width": 96}
    frames = () if task == "depth" else ("previous", "current")
    defaults = {"name": "x", "focal_length": 100.0, "metric": True, "method": "m", "paper": "p", "frames": frames}
    return ModelDescription(task=task, **{**size, **defaults, **values})


@pytest.fixture(scope="module")
def depth_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "depth.onnx"
    facts = {"minimum_depth": 0.5, "maximum_depth": 100.0, "training_data": (LEARNT,)}
    description = describe("depth", scores=(Score("protocol", "abs_rel", 0.1),), **facts)
    export(DepthModel(depth_network()), description, path)
    return path, description


@pytest.fixture(scope="module")
def single_file(tmp_path_factory):
    """In single precision, for a view of any size."""
    path = tmp_path_factory.mktemp("models") / "single.onnx"
    description = describe("depth", free_view=FreeView(96, 96 * 288))
    export(DepthModel(depth_network()), description, path, half=False, samples=1)
    return path


def test_depth_is_that_of_the_trained_network(depth_file):
    """Against the network as it was: normalisation, folding, rounding of weights and all."""
    path, description = depth_file
    assert read_description(path) == description
    image = np.random.default_rng(0).integers(0, 256, (1, 96, 192, 3), dtype=np.uint8)
    given = open_engine(path, "onnxruntime").run({"image": image})["depth"]
    normal = (torch.from_numpy(image).permute(0, 3, 1, 2).float() / 255 - 0.45) / 0.225
    expected = 1 / depth_network()(normal)[0][:, 0].detach().numpy()
    assert given.shape == (1, 96, 192)
    assert given.dtype == np.float32
    assert np.mean(np.abs(given / expected - 1)) < 5e-3  # of the half-precision weights


def test_one_file_answers_at_every_size(single_file):
    """Dual Networks' attention and both of its encoders, at an aspect that the file does not describe."""
    for backend in ("onnxruntime", "openvino"):
        engine = open_engine(single_file, backend)
        for width, height in ((96, 288), (192, 96)):
            image = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
            expected = DepthModel(depth_network())(torch.from_numpy(image))[0].detach().numpy()
            given = engine.at(width, height).run({"image": image})["depth"]
            np.testing.assert_allclose(given, expected, rtol=1e-3)
        engine.close()


@pytest.mark.parametrize("frames", [2, 3])
def test_pose_is_that_of_the_trained_network(tmp_path, frames):
    torch.manual_seed(0)
    network = PoseNet(frames, 0.01, 0.1, 1.0)
    torch.nn.init.normal_(network.motion.weight, std=1.0)
    names = ("before", "previous", "current")[-frames:]
    export(PoseModel(network), describe("pose", frames=names), tmp_path / "pose.onnx")
    images = np.random.default_rng(0).integers(0, 256, (frames, 64, 96, 3), dtype=np.uint8)
    given = open_engine(tmp_path / "pose.onnx", "onnxruntime").run({"images": images})["motion"]
    normal = (torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255 - 0.45) / 0.225
    expected = matrix_from_motion(network(normal[None])[0]).detach().numpy()
    assert given.shape == (frames - 1, 4, 4)
    assert given == pytest.approx(expected, abs=2e-3)
    assert np.abs(given[:, :3, 3]).max() > 0.5  # not the identity


def test_both_backends_answer_the_same(depth_file):
    image = np.random.default_rng(1).integers(0, 256, (1, 96, 192, 3), dtype=np.uint8)
    answers = [
        open_engine(depth_file[0], name).run({"image": image})["depth"].copy() for name in ("onnxruntime", "openvino")
    ]
    assert answers[0] == pytest.approx(answers[1], rel=1e-3)


def test_weights_take_half_the_room(depth_file, single_file):
    bytes_of_weights = [
        sum(
            onnx.numpy_helper.to_array(initialiser).nbytes
            for initialiser in onnx.load(path).graph.initializer
            if onnx.numpy_helper.to_array(initialiser).size > 256
        )
        for path in (depth_file[0], single_file)
    ]
    assert bytes_of_weights[0] == pytest.approx(bytes_of_weights[1] / 2, rel=0.02)


def test_file_tells_nothing_of_the_machine_it_was_made_on(depth_file):
    content = depth_file[0].read_bytes()
    for word in (str(Path(__file__).parents[3]), "site-packages", ".py"):
        assert word.encode() not in content


def test_constants_that_half_precision_would_change_stay_single():
    values = np.full(1000, 0.1, np.float32)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1000])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1000])],
        [onnx.numpy_helper.from_array(values, "w")],
    )
    model = onnx.helper.make_model(graph)
    store_half(model)
    assert [initialiser.data_type for initialiser in model.graph.initializer] == [onnx.TensorProto.FLOAT]


def test_folding_changes_nothing():
    network = depth_network()
    image = torch.randn(1, 3, 96, 192)
    before = network.finest(image)
    fold_batch_norm(network)
    after = network.finest(image)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    assert torch.allclose(before, after, rtol=1e-4)


def test_unfaithful_export_is_refused_and_leaves_what_was_there(tmp_path):
    class Fickle(Model):
        """Answers otherwise when it is traced."""

        answers = ("depth",)

        def forward(self, image):
            factor = 1.01 if torch.compiler.is_exporting() else 1.0
            return (image.float().mean(-1) * factor + 1.0,)

    path = tmp_path / "depth.onnx"
    path.write_bytes(b"the old one")
    with pytest.raises(TrainingError, match="differs from torch in depth in OpenVINO by"):
        export(Fickle(), describe("depth"), path)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_that_one_backend_alone_runs_otherwise_is_refused(tmp_path):
    """The larger of NaN and zero is zero in OpenVINO, which the robot runs, and NaN in torch and ONNX Runtime."""

    class Undecided(Model):
        answers = ("depth",)

        def forward(self, image):
            nothing = image.float().mean(-1) * 0.0
            return (torch.where(torch.isnan(torch.relu(nothing / nothing)), 1.0, 2.0),)

    with pytest.raises(TrainingError, match="differs from torch in depth in OpenVINO by"):
        export(Undecided(), describe("depth"), tmp_path / "depth.onnx")


def off(value, mean, largest):
    """A thousand values, of which some differ relatively by `largest` so that all do by `mean`."""
    values = np.full((1, 10, 100), value, np.float32)
    values.flat[: round(1000 * mean / largest)] *= 1 + largest
    return values


@pytest.mark.parametrize("name", ["depth", "confidence", "motion"])
@pytest.mark.parametrize(("mean", "largest", "passes"), [(9e-5, 9e-4, 1), (1.2e-4, 9e-4, 0), (5e-5, 1.1e-3, 0)])
def test_as_much_difference_as_robots_do_not_notice_is_let_through(name, mean, largest, passes):
    with (
        nullcontext()
        if passes
        else pytest.raises(TrainingError, match=f"differs from torch in {name} in the engine by")
    ):
        compare_answers(name, off(0.5, mean, largest), off(0.5, 0.0, 1.0))


@pytest.mark.parametrize(("wrong", "passes"), [(1, True), (2, False)])
def test_one_class_in_a_thousand_may_differ(wrong, passes):
    expected = np.zeros((1, 10, 100), np.uint8)
    given = expected.copy()
    given.flat[:wrong] = 5
    with (
        nullcontext()
        if passes
        else pytest.raises(TrainingError, match="differs from torch in semantics in the engine by")
    ):
        compare_answers("semantics", given, expected)


def test_confidence_may_be_zero_and_depth_may_not():
    expected = off(0.5, 0.0, 1.0)
    expected[..., 0] = 0.0
    given = expected + np.float32(1e-7)
    compare_answers("confidence", given, expected)
    with np.errstate(divide="ignore"), pytest.raises(TrainingError, match="differs from torch in depth"):
        compare_answers("depth", given, expected)


def test_a_model_names_what_it_learned_from():
    street = StreetData(seeds=(0, 90), truth=("depth", "poses"))
    camera = Camera(160, 90, 120.0, 119.0, 82.0, 46.0)
    video = VideoData("/home/me/drive.mp4", camera, last=200, licence="CC BY 4.0")
    kitti = KittiRawData("/data", truth=("depth", "distances"))
    system = make_system("lr", LossWeights(motion=1.0, speed=0.5))
    system.learned = system.learned_from(source.describe() for source in (street, video, kitti, street))
    trained = Trained(Path("x.ckpt"), system, {"width": 96, "height": 64})
    description = trained.describe("depth", "x")
    assert description.metric
    learned = description.training_data
    assert [(item.name.rpartition(", ")[2], item.licence, item.supervision) for item in learned] == [
        ("seeds 0 to 89", "Apache-2.0", "images, true poses"),
        ("frames 0 to 199", "CC BY 4.0", "images"),
        ("KITTI raw", "CC BY-NC-SA 3.0", "images, true distances"),
    ]
    assert learned[1].name == "drive.mp4, frames 0 to 199"


def test_how_sure_a_model_is_is_always_said():
    system = make_system("lr", LossWeights(motion=1.0, speed=0.5))
    trained = Trained(Path("x.ckpt"), system, {"width": 96, "height": 64})
    relative = trained.describe("depth", "x")
    assert (relative.metric, relative.scale_sigma, relative.motion_noise) == (False, None, None)
    assert trained.describe("pose", "x").motion_noise == MotionNoise()
    system.learned = system.learned_from([StreetData(seeds=(0, 90), truth=("depth", "poses")).describe()])
    assert trained.describe("depth", "x").scale_sigma == SCALE_SIGMA
    known = trained.describe("pose", "x", scale_sigma=0.07, motion_noise=MotionNoise(along=0.4))
    assert known.scale_sigma == 0.07
    assert known.motion_noise == MotionNoise(along=0.4)


def test_noise_that_there_is_not_is_refused_by_name(capsys):
    command = ["--checkpoint", "x", "--task", "pose", "--output", "x.onnx", "--name", "x", "--motion-noise"]
    with pytest.raises(SystemExit):
        export_command([*command, "along=0.1", "sideways=1"])
    assert "sideways is none of along, across, turn" in capsys.readouterr().err


def test_pretrained_encoders_are_named_too():
    system = make_system("lr")
    system.network.lr.encoder.weights = "imagenet"
    learned = system.learned_from([StreetData(seeds=(0, 1)).describe()])
    assert [item.name.split(" ")[0] for item in learned.data] == ["procedural", "ImageNet"]
    assert learned.data[1].supervision == "images, true classes"


def test_scores_that_are_none_are_named(tmp_path):
    with pytest.raises(TrainingError, match="no such file of scores"):
        read_scores(tmp_path / "none.json", "depth")
    (tmp_path / "other.json").write_text('{"pose": {}}')
    with pytest.raises(TrainingError, match="holds no scores of a depth model"):
        read_scores(tmp_path / "other.json", "depth")


def test_a_variant_in_fewer_bits_comes_along_where_robots_find_it(tmp_path):
    made = fit_command(["--config", str(SMOKE), f"--trainer.default_root_dir={tmp_path}"], run=False)
    made.trainer.strategy.connect(made.model)
    made.trainer._data_connector.attach_datamodule(made.model, datamodule=made.datamodule)
    made.trainer.save_checkpoint(tmp_path / "lr.ckpt")
    (tmp_path / "pictures").mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "pictures/a.png"), picture)
    command = ["--checkpoint", str(tmp_path / "lr.ckpt"), "--task", "depth", "--name", "x", "--precision", "fp16"]
    path = tmp_path / "x.onnx"
    export_command([*command, "--output", str(path), "--calibrate", str(tmp_path / "pictures")])
    reduction = read_description(tmp_path / "x.f16.onnx", "depth").reduction
    assert reduction is not None
    assert (reduction.types, reduction.frames) == ("f16", 1)
    assert 0 < reduction.loss < 0.01
    whole, half = (open_engine(path, precision=precision) for precision in ("f32", "f16"))
    assert half.description.precision == "f16"
    np.testing.assert_allclose(
        half.run({"image": picture[None]})["depth"], whole.run({"image": picture[None]})["depth"], rtol=0.02
    )


def answers(path, images):
    engine = open_engine(path, "onnxruntime")
    (found,) = engine.run({engine.inputs[0].name: images}).values()
    engine.close()
    return found


def test_a_network_that_begins_with_a_file_answers_as_it_while_it_trains(depth_file):
    path, _ = depth_file
    system = make_system("lr", begin_with=str(path), keep_statistics=True)
    system.begin()
    system.train()
    images = np.random.default_rng(0).integers(0, 256, (1, 96, 192, 3), np.uint8)
    with torch.no_grad():
        (answer,) = DepthModel(system.network)(torch.from_numpy(images))
    np.testing.assert_allclose(answer.numpy(), answers(path, images), rtol=1e-3)
    # What normalisations add and multiply by is learnt, how they are centred is not.
    norms = [module for module in system.network.lr.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert norms
    assert not any(module.training for module in norms)
    assert all(module.weight.requires_grad for module in norms)


def test_the_shipped_pose_network_comes_back():
    network = CorrelationPoseNet(240.0).eval()
    load_exported(network, SHIPPED_POSE, "pose")
    images = np.random.default_rng(0).integers(0, 256, (2, 128, 416, 3), np.uint8)
    with torch.no_grad():
        (answer,) = PoseModel(network)(torch.from_numpy(images))
    np.testing.assert_allclose(answer.numpy(), answers(SHIPPED_POSE, images), atol=1e-4)


@pytest.mark.parametrize(
    ("written", "network"),
    [
        (PoseNet(2, 0.01, 0.1, 1.0), PoseNet(2, 0.01, 0.1)),
        (PoseNet(2, 0.01, 0.1), PoseNet(2, 0.01, 0.05)),
        (PoseNet(2, 0.01, 0.1, both_ways=True), PoseNet(2, 0.01, 0.1)),
    ],
    ids=["another prior", "another scale", "one way"],
)
def test_the_same_weights_in_another_network_are_refused(tmp_path, written, network):
    path = tmp_path / "pose.onnx"
    described = replace(read_description(SHIPPED_POSE), width=96, height=64)
    export(PoseModel(written), described, path, samples=1)
    with pytest.raises(TrainingError, match="otherwise with the same weights: use the settings of the network"):
        load_exported(network, path, "pose")
    load_exported(PoseNet(2, 0.01, 0.1, both_ways=True), path, "pose")


def test_what_taught_a_file_has_taught_what_begins_with_it(depth_file):
    learned = provenance_of([depth_file[0], SHIPPED_POSE])
    assert LEARNT in learned.data
    assert learned.metric == {"depth", "pose"}
    assert provenance_of([depth_file[0]]).metric == {"depth"}


def test_files_that_cannot_be_begun_with_are_refused(depth_file):
    path = str(depth_file[0])
    with pytest.raises(TrainingError, match="keep_statistics"):
        make_system("hr", begin_with=path)
    with pytest.raises(TrainingError, match="is not of the network of this configuration"):
        load_exported(PoseNet(2, 0.01, 0.1, 1.0), path, "depth")
    with pytest.raises(ModelFileError, match="is a depth model, expected a pose model"):
        load_exported(PoseNet(2, 0.01, 0.1, 1.0), path, "pose")
