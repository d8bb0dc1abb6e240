"""Reports side by side: of networks, of recordings, never of two protocols."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from depth_perception.evaluation.depth_tally import DepthTally
from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.protocol import RECORDING
from training.commands.compare import main
from training.errors import TrainingError
from training.evaluation.depth import BREAKDOWNS

FRAME = Frame("one", np.zeros((4, 6, 3), np.uint8), np.linspace(5.0, 40.0, 24, dtype=np.float32).reshape(4, 6))


def written(folder, name, factor, protocol=RECORDING, frames=1):
    tally = DepthTally(name, protocol, BREAKDOWNS)
    for _ in range(frames):
        tally.add(FRAME, np.where(FRAME.truth < 20, factor, 1.0).astype(np.float32) * FRAME.truth)
    (folder / f"{name}.json").write_text(json.dumps({"depth": tally.report().to_json()}))
    return str(folder / f"{name}.json")


def test_two_evaluations_become_one_table(tmp_path, capsys):
    main([written(tmp_path, "good", 1.0), written(tmp_path, "poor", 1.5)])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    near = [row[4:6] for row in rows if row[:4] == ["up", "to", "20", "m"]]
    assert [name for name, _ in near] == ["good", "poor"]
    assert float(near[0][1]) == 0.0 < float(near[1][1])


@pytest.mark.parametrize("other", [{"protocol": replace(RECORDING, maximum=50.0)}, {"frames": 2}])
def test_what_was_judged_otherwise_is_not_compared(tmp_path, other):
    with pytest.raises(TrainingError, match="b and a cannot be compared"):
        main([written(tmp_path, "a", 1.0), written(tmp_path, "b", 1.0, **other)])
