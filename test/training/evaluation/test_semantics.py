"""Classes of models whose answer is known, against labels."""

import numpy as np
import pytest
from helpers.models import red_classes, write_depth_model

from depth_perception.engines.choose import open_engine
from depth_perception.evaluation.frame import Frame
from training.data.label_sets import CITYSCAPES, COARSER, NYU4, NYU40
from training.evaluation.benchmarks.kitti_raw import KITTI_EIGEN
from training.evaluation.semantics import evaluate_semantics, semantic_table


def frames(count=2):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 32, 64, 3), dtype=np.uint8)
    for number, image in enumerate(images):
        truth = red_classes(image, 19)
        truth[:, :32] = 255 if number else 3
        yield Frame(str(number), image, np.ones((32, 64), np.float32), labels=truth)


def test_all_images_are_pooled(tmp_path):
    """Where the truth is what the model says, nothing is wrong; the left half of the first image is."""
    write_depth_model(tmp_path / "a.onnx", classes=CITYSCAPES.classes)
    write_depth_model(tmp_path / "b.onnx")
    engines = {name: open_engine(tmp_path / f"{name}.onnx") for name in ("a", "b")}
    (report,) = evaluate_semantics(engines, frames(), KITTI_EIGEN)
    (image,) = [frame.image for frame in frames(1)]
    lucky = int((red_classes(image, 19)[:, :32] == 3).sum())
    assert report["model"] == "a"
    assert report["pixel_accuracy"] == pytest.approx((2048 + lucky) / 3072)
    assert report["iou"]["car"] < 1.0
    assert report["scores"][0]["name"] == "miou"
    assert "IoU car" in semantic_table([report])


def test_frames_without_labels_are_not_read_on(tmp_path):
    write_depth_model(tmp_path / "a.onnx", classes=CITYSCAPES.classes)

    def endless():
        while True:
            yield Frame("x", np.zeros((32, 64, 3), np.uint8), np.ones((32, 64), np.float32))

    assert evaluate_semantics({"a": open_engine(tmp_path / "a.onnx")}, endless(), KITTI_EIGEN) == []


def test_a_network_of_coarser_classes_is_judged_by_theirs_beside_one_of_all(tmp_path):
    """The one says of every pixel what its label says, and the other what its label's category is."""
    image = np.zeros((32, 64, 3), np.uint8)
    image[..., 0] = np.arange(64) * 4
    for labels in (NYU40, NYU4):
        write_depth_model(tmp_path / f"{labels.name}.onnx", classes=labels.classes)
    engines = {name: open_engine(tmp_path / f"{name}.onnx") for name in ("nyu40", "nyu4")}
    fine, coarse = (red_classes(image, len(labels.classes)) for labels in (NYU40, NYU4))
    frame = Frame("one", image, np.ones((32, 64), np.float32), labels=fine, label_set="nyu40")
    all_classes, categories = evaluate_semantics(engines, [frame], KITTI_EIGEN)
    assert all_classes["pixel_accuracy"] == 1.0
    assert categories["pixel_accuracy"] == pytest.approx(np.mean(COARSER["nyu40", "nyu4"][fine] == coarse))
    assert 0 < categories["pixel_accuracy"] < 1
    assert set(categories["iou"]) <= {"floor", "structure", "furniture", "props"}
    printed = semantic_table([all_classes, categories])
    assert "IoU sofa" in printed
    assert "IoU props" in printed
    streets = Frame("two", image, np.ones((32, 64), np.float32), labels=fine % 19)
    assert evaluate_semantics(engines, [streets], KITTI_EIGEN) == []
