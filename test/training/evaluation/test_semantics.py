"""Classes of models whose answer is known, against labels."""

import numpy as np
import pytest
from helpers.models import red_classes, write_depth_model

from depth_perception.engines.choose import open_engine
from training.data.label_sets import CITYSCAPES
from training.evaluation.frame import Frame
from training.evaluation.protocol import KITTI_EIGEN
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
