"""The protocols of NYU Depth v2 on a tree in its own format, against their published steps written out again."""

import json

import numpy as np
import pytest
from helpers.datasets import pictures, write_nyu
from helpers.models import luma_depth, red_classes, write_depth_model

from training.commands.evaluate import main
from training.data.label_sets import CITYSCAPES, NYU40
from training.errors import TrainingError

LABELS = (np.arange(480 * 640).reshape(480, 640) // 7000).astype(np.uint16)
KINECT = 518.85790117
TESTED = 2


@pytest.fixture(scope="module")
def truth():
    """Of three images, the last of which has holes; so dim that the model is not far off."""
    rows, columns = np.mgrid[:480, :640]
    depth = np.stack([2.0 + rows / 80.0 + columns / (200.0 - 40 * k) for k in range(3)]).astype(np.float32)
    depth[2, 100:400, 50:500] = 0.0
    return np.minimum(depth, 9.9)


@pytest.fixture(scope="module")
def tree(tmp_path_factory, truth):
    root = tmp_path_factory.mktemp("nyu")
    write_nyu(root, truth, LABELS, ["office_0001", "kitchen_0001", "kitchen_0001"], train=[1], test=[2, 3])
    return root


def evaluate(protocol, tree, model, tmp_path, *more):
    words = ["--protocol", protocol, "--data", str(tree), "--depth", str(model), "--json", str(tmp_path / "x.json")]
    main([*words, *more])
    return json.loads((tmp_path / "x.json").read_text())


def bilinear(values, height, width):
    """Pixel centres, edges repeated; rows and columns one after the other."""
    rows = (np.arange(height) + 0.5) * values.shape[0] / height - 0.5
    columns = (np.arange(width) + 0.5) * values.shape[1] / width - 0.5
    tall = np.stack([np.interp(rows, np.arange(values.shape[0]), column) for column in values.T], axis=1)
    return np.stack([np.interp(columns, np.arange(values.shape[1]), row) for row in tall])


def tenth(image):
    return np.rint(image.reshape(48, 10, 64, 10, 3).mean((1, 3))).astype(np.uint8)


def errors(truth, predicted, low, high, median=False):
    """The published figures of pixels; without those of unknown truth."""
    known = truth > 0
    truth, predicted = truth[known].astype(float), predicted[known].astype(float)
    if median:
        predicted = predicted * np.median(truth) / np.median(predicted)
    predicted = np.clip(predicted, low, high)
    ratio = np.maximum(truth / predicted, predicted / truth)
    return {
        "abs_rel": np.mean(np.abs(truth - predicted) / truth),
        "rmse": np.sqrt(np.mean((truth - predicted) ** 2)),
        "log10": np.mean(np.abs(np.log10(truth) - np.log10(predicted))),
        "a1": np.mean(ratio < 1.25),
    }


def assert_judged(report, expected):
    for name, value in expected.items():
        errors = report["median_scaled" if report["protocol"]["scaling"] == "median" else "metric"]
        assert errors[name] == pytest.approx(value, rel=2e-3), name


def test_harsanyi(tree, truth, tmp_path):
    """RGB by the nearest pixel to 352x264 and its middle 320x256; answers to 582x466; all pixels of all images."""
    model = tmp_path / "harsanyi.onnx"
    write_depth_model(model, width=320, height=256, focal_length=2000.0)
    parts = []
    for image, depth in zip(pictures(3, 640, 480)[1:], truth[1:], strict=True):
        small = image[(np.arange(264) * 480) // 264][:, (np.arange(352) * 640) // 352]
        answer = luma_depth(small[4:260, 16:336]) * (KINECT * 0.55 / 2000.0)
        parts.append((depth[7:473, 29:611], bilinear(answer, 466, 582)))
    truths, answers = (np.concatenate(maps) for maps in zip(*parts, strict=True))
    pooled = errors(truths, answers, 1e-3, 10.0)
    report = evaluate("nyu_harsanyi", tree, model, tmp_path)["depth"]
    assert report["images"] == TESTED
    assert_judged(report, pooled)
    assert "mean over all pixels of all images together" in report["protocol"]["words"]
    each = [errors(*maps, 1e-3, 10.0) for maps in parts]
    by_image = evaluate("nyu_harsanyi", tree, model, tmp_path, "--mean", "images")["depth"]
    assert_judged(by_image, {name: np.mean([item[name] for item in each]) for name in each[0]})
    assert "mean over images" in by_image["protocol"]["words"]
    assert abs(by_image["metric"]["abs_rel"] / report["metric"]["abs_rel"] - 1) > 0.005


@pytest.mark.parametrize(("protocol", "low", "median"), [("nyu_bts", 1e-3, False), ("nyu_sc_depth", 0.1, True)])
def test_eigen_crop(tree, truth, tmp_path, protocol, low, median):
    """The whole image to the network's size, here a tenth; answers back to all of it; mean over images."""
    path = tmp_path / "small.onnx"
    write_depth_model(path, width=64, height=48, focal_length=300.0)
    each = []
    for image, depth in zip(pictures(3, 640, 480)[1:], truth[1:], strict=True):
        answer = bilinear(luma_depth(tenth(image)) * (KINECT / 10 / 300.0), 480, 640)
        each.append(errors(depth[45:471, 41:601], answer[45:471, 41:601], low, 10.0, median))
    report = evaluate(protocol, tree, path, tmp_path)
    assert_judged(report["depth"], {name: np.mean([item[name] for item in each]) for name in each[0]})
    assert report["depth"]["protocol"]["crop"] == "nyu_eigen"
    assert "semantics" not in report  # a model of depth alone


def test_classes_are_judged_beside_depth(tree, tmp_path, capsys):
    """Each pixel has the class of the tenth of the image that it is in; over the classes that there are."""
    path = tmp_path / "classes.onnx"
    write_depth_model(path, width=64, height=48, focal_length=300.0, classes=NYU40.classes)
    report = evaluate("nyu_bts", tree, path, tmp_path)
    own = LABELS.astype(int)
    true = np.stack([np.where(own == 0, 255, (own - 1) % 40)] * TESTED)
    said = np.stack([np.kron(red_classes(tenth(image), 40), np.ones((10, 10))) for image in pictures(3, 640, 480)[1:]])
    said[true == 255] = 255
    each = {k: ((true == k) & (said == k)).sum() / ((true == k) | (said == k)).sum() for k in range(40) if k in true}
    found = report["semantics"]
    assert found["miou"] == pytest.approx(np.mean(list(each.values())), abs=1e-3)
    assert found["pixel_accuracy"] == pytest.approx((true == said)[true < 255].mean(), abs=1e-3)
    by_class = [(said == k)[true == k].mean() for k in each]
    assert found["mean_accuracy"] == pytest.approx(np.mean(by_class), abs=1e-3)
    assert found["iou"]["table"] == pytest.approx(each[6], abs=1e-3)
    assert found["images"] == TESTED
    assert "IoU table" in capsys.readouterr().out
    assert report["depth"]["parts"]["class"]["table"]["images"] == TESTED


def test_a_model_of_other_classes_is_judged_by_its_depth_alone(tree, tmp_path, capsys):
    write_depth_model(tmp_path / "street.onnx", classes=CITYSCAPES.classes)
    assert set(evaluate("nyu_bts", tree, tmp_path / "street.onnx", tmp_path)) == {"depth"}
    assert "street.onnx: no frame has labels of its classes" in capsys.readouterr().out


def test_what_does_not_fit_is_refused(tree, tmp_path, capsys):
    write_depth_model(tmp_path / "few.onnx")
    with pytest.raises(SystemExit):  # those of the dataset are taken
        evaluate("nyu_bts", tree, tmp_path / "few.onnx", tmp_path, "--labels", str(tmp_path))
    assert "unrecognized arguments: --labels" in capsys.readouterr().err
    with pytest.raises(TrainingError, match=r"labeled\.mat: there is no labelled part"):
        evaluate("nyu_bts", tmp_path, tmp_path / "few.onnx", tmp_path)
