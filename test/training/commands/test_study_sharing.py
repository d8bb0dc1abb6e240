"""The study of sharing structures: goes on where it ended, begins where it says, and prints gains with their signs."""

import numpy as np
import pytest
import torch
from helpers.drives import analytic_drive

from depth_perception.geometry.camera import Camera
from training.commands import study_sharing
from training.commands.study_sharing import BOTH, ROWS, Row, Setup, study, tables
from training.data.datasets.rooms import RoomsData
from training.data.snippet import Snippet
from training.errors import TrainingError
from training.networks.sharing_structures import BranchOut

CAMERA = Camera(160, 120, 130.0, 130.0, 79.5, 59.5)


class Rooms:
    """Snippets with each of NYU's labels."""

    def __init__(self):
        drive = analytic_drive(CAMERA, frames=4)
        depth = np.clip(drive.depth, 0.5, 9.5)
        labels = np.resize(np.arange(40, dtype=np.uint8), (120, 160))
        self._snippets = [
            Snippet([image], CAMERA, truth, labels=labels) for image, truth in zip(drive.images, depth, strict=True)
        ]

    def __len__(self):
        return len(self._snippets)

    def __getitem__(self, index):
        return self._snippets[index]


@pytest.fixture
def rooms(monkeypatch):
    monkeypatch.setattr(RoomsData, "open", lambda self, frames, step=1: Rooms())


@pytest.fixture
def trained(monkeypatch):
    """Names of the rows that are trained, in place of any training; each weight then is the number of its row."""
    names: list[str] = []
    begun: dict[str, dict[str, torch.Tensor]] = {}

    def train(network, row, setup, cache):
        if len(names) == trained_until[0]:
            raise KeyboardInterrupt
        names.append(row.name)
        begun[row.name] = {name: value.clone() for name, value in network.state_dict().items()}
        number = [item.name for item in ROWS].index(row.name)
        with torch.no_grad():
            for value in network.parameters():
                value.fill_(100.0 + number)
        return {"rmse": 1.0 - 0.01 * number, "miou": 0.5 + 0.01 * number}

    trained_until = [-1]
    monkeypatch.setattr(study_sharing, "train", train)
    return names, begun, trained_until


def test_a_study_that_was_interrupted_trains_only_what_is_missing(tmp_path, trained):
    names, _, until = trained
    until[0] = 4
    with pytest.raises(KeyboardInterrupt):
        study(Setup(), tmp_path, "", tell=lambda _: None)
    until[0] = -1
    rows = study(Setup(), tmp_path, "", tell=lambda _: None)
    assert names == [row.name for row in ROWS]
    assert list(rows) == names
    assert study(Setup(), tmp_path, "", tell=lambda _: None) == rows
    assert len(names) == len(ROWS)


def test_another_study_in_the_same_folder_is_refused(tmp_path, trained):
    study(Setup(), tmp_path, "", tell=lambda _: None)
    with pytest.raises(TrainingError, match=r"study\.json: is a study with steps 1000, this one has 7: give another"):
        study(Setup(steps=7), tmp_path, "", tell=lambda _: None)


def test_networks_begin_with_the_rows_that_they_build_on(tmp_path, trained):
    _, begun, _ = trained
    study(Setup(), tmp_path, "", tell=lambda _: None)
    numbers = {row.name: 100.0 + i for i, row in enumerate(ROWS)}

    def weights_of(name, prefix):
        weights = {key: value for key, value in begun[name].items() if key.startswith(prefix) and "0.weight" in key}
        return {float(value.mean()) for value in weights.values()}

    assert weights_of("fine-tuned, to depth", "shared.") == {numbers["semantics alone"]}
    assert weights_of("fine-tuned, to semantics", "shared.") == {numbers["depth alone"]}
    assert weights_of("merge-in", "depth_layers.") == {numbers["half a training of depth"]}
    assert weights_of("merge-in", "semantic_layers.") == {numbers["half a training of semantics"]}
    assert all(abs(value) < 1 for value in weights_of("merge-in", "shared."))


def test_tables_have_the_gains_over_a_task_alone(tmp_path, trained):
    rows = study(Setup(), tmp_path, "", tell=lambda _: None)
    # rows are numbered: RMSE falls from 1 m by a centimetre each, mIoU rises from 0.5 by a hundredth
    first, second = tables(rows).split("Table 2")
    assert "alone: RMSE 1.000 m, mIoU 0.510" in first
    assert first.splitlines()[4].split() == ["depth", "(RMSE,", "m)", "+0.020", "+0.040/+0.050", "+0.080", "+0.100"]
    assert first.splitlines()[5].split()[2:] == ["+0.020", "+0.030/+0.040", "+0.070", "+0.090"]
    assert second.splitlines()[2].split()[3:] == ["+0.090", "+0.100", "+0.110", "+0.120", "+0.130"]


def test_every_row_sees_as_much_truth_of_a_task_as_the_task_alone():
    shares = {row.name: row.share for row in ROWS}
    assert shares["merge-in"] + shares["half a training of depth"] == 1.0
    assert shares["merge-in"] + shares["half a training of semantics"] == 1.0
    assert {share for name, share in shares.items() if "half" not in name and name != "merge-in"} == {1.0}


def test_trains_and_judges(rooms, monkeypatch):
    monkeypatch.setattr(RoomsData, "drives", lambda self: frozenset({self.seeds}))
    torch.manual_seed(0)
    network = BranchOut(2, widths=(4, 4, 4, 4, 4))
    before = network.semantic.weight.clone()
    figures = study_sharing.train(network, Row("", lambda: network, BOTH), Setup(steps=2, batch_size=2), "")
    assert not torch.equal(before, network.semantic.weight)
    assert 0 < figures["rmse"] < 10
    assert 0 <= figures["miou"] < 1
