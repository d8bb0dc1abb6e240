"""What does not look: medians of what is known, of all, of each row and of each pixel."""

import numpy as np
import pytest

from depth_perception.evaluation.baselines import CONSTANT, PIXELS, ROWS, ignorant
from depth_perception.evaluation.frame import Frame
from training.evaluation.benchmarks.pairs import PAIRS
from training.evaluation.depth import evaluate_depth

MAPS = np.array(
    [
        [[20.0, 30.0, np.inf], [0.0, np.nan, 0.0], [4.0, 0.0, 6.0]],
        [[40.0, 10.0, np.inf], [0.0, 0.0, 0.0], [8.0, 0.0, 5.0]],
        [[60.0, 20.0, 50.0], [0.0, 0.0, 0.0], [9.0, 0.0, 7.0]],
    ],
    np.float32,
)
FRAME = Frame("any", np.zeros((3, 3, 3), np.uint8), MAPS[0])


def test_medians_are_of_what_is_known():
    said = {name: predict(FRAME) for name, predict in ignorant(MAPS).items()}
    known = MAPS[MAPS > 0]
    assert said[CONSTANT] == pytest.approx(np.full((3, 3), np.median(known)))
    top, bottom = np.median(MAPS[:, 0]), np.median(MAPS[:, 2][MAPS[:, 2] > 0])
    assert said[ROWS][0].tolist() == [top] * 3
    assert said[ROWS][2].tolist() == [bottom] * 3
    assert said[ROWS][1].tolist() in ([top] * 3, [bottom] * 3)  # of a row that nobody knows, its neighbour's
    assert said[PIXELS][0].tolist() == [40.0, 20.0, np.inf]
    assert said[PIXELS][2].tolist() == [8.0, bottom, 6.0]


def test_they_are_judged_where_the_networks_look():
    truth = np.full((4, 4), 10.0, np.float32)
    truth[:2] = 5.0
    frame = Frame("half", np.zeros((4, 4, 3), np.uint8), truth)
    network = np.where(truth > 7.0, truth, np.nan).astype(np.float32)  # sees the lower half alone
    (report,) = evaluate_depth({"n": lambda _: network}, [frame], PAIRS.protocol, baselines=ignorant([truth]))
    for errors in report.baselines.values():
        assert errors.coverage == 0.5
        assert errors.abs_rel == pytest.approx(0.0)
