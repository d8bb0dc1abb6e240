"""A dataset that this package does not know trains, is tried out, judged and exported, and its models name it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from helpers.castles import CASTLES as BENCHMARK
from helpers.castles import write_castles

from depth_perception.engines.choose import open_engine
from depth_perception.evaluation.depth_report import read_depth_reports
from depth_perception.model_file import TrainingData, read_description
from training.checkpoint import newest_checkpoint
from training.commands.evaluate import main as evaluate
from training.commands.fit import main
from training.commands.smoke import smoke
from training.errors import TrainingError
from training.exporting.export import export_checkpoint
from training.provenance import PROVENANCE
from training.systems.training_system import provenance_of
from training.trained import Trained

RECIPE = Path(__file__).parents[2] / "config/training/hybrid_cnn/small_hybrid.yaml"
CASTLES = TrainingData("Castles of the Loire", "CC BY 4.0", ("depth",))

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # Lightning's own


def configuration(folder: Path, kind: str = "CastlesData", **options) -> Path:
    """The recipe with castles in place of its rooms."""
    folder.mkdir(exist_ok=True)
    settings = yaml.safe_load(RECIPE.read_text())
    castles, judged = (write_castles(folder / name) for name in ("castles", "judged"))
    source = {"class_path": f"helpers.castles.{kind}", "init_args": {"path": str(castles), **options}}
    judge = {"class_path": "helpers.castles.CastlesData", "init_args": {"path": str(judged)}}
    settings["data"] |= {"width": 96, "height": 64, "sources": [source], "validation": judge, "batch_size": 2}
    network = settings["model"]["init_args"]["network"]["init_args"]
    network |= {"decoder": [16, 8, 8, 8, 8]}
    network["encoder"]["init_args"]["width"] = 8
    quiet = {"enable_progress_bar": False, "enable_model_summary": False}
    settings["trainer"] |= {"max_epochs": 1, "default_root_dir": str(folder), **quiet}
    path = folder / "castles.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The configuration that was trained, its command line, and its checkpoint."""
    path = configuration(tmp_path_factory.mktemp("castles") / "run")
    cli = main(["fit", f"--config={path}"])
    return path, cli, newest_checkpoint(path.parent)


def test_it_trains_and_is_judged(trained):
    _, cli, _ = trained
    assert np.isfinite(float(cli.trainer.callback_metrics["val/abs_rel"]))


def test_it_stands_in_the_model_file_with_its_licence(trained, tmp_path):
    *_, checkpoint = trained
    export_checkpoint(checkpoint, "depth", tmp_path / "depth.onnx", "castles")
    description = read_description(tmp_path / "depth.onnx")
    assert description.training_data == (CASTLES,)
    assert description.metric
    with_units = open_engine(tmp_path / "depth.onnx", precision="bf16").description.precision == "bf16"
    assert (description.bfloat16_loss is not None) == with_units


def test_it_is_judged_by_a_benchmark_of_its_own(trained, tmp_path, capsys):
    path, _, checkpoint = trained
    words = ["--protocol", "helpers.castles.CASTLES", "--data", str(path.parent / "judged")]
    evaluate([*words, "--depth", str(checkpoint), "--json", str(tmp_path / "x.json")])
    (report,) = read_depth_reports(tmp_path / "x.json")
    assert report.protocol == BENCHMARK.protocol
    assert report.images == 8
    assert report.errors == report.metric
    assert report.protocol.words in capsys.readouterr().out


def test_it_is_tried_out_in_small(trained, tmp_path):
    path, *_ = trained
    (model,) = smoke([f"--config={path}"])
    assert model.name == "depth.onnx"


def test_an_earlier_stage_is_not_forgotten_when_its_checkpoint_is_gone(trained, tmp_path):
    *_, first = trained
    moved = tmp_path / "first.ckpt"
    moved.write_bytes(first.read_bytes())
    path = configuration(tmp_path / "second", name="Other castles", licence="MIT")
    main(["fit", f"--config={path}", f"--model.begin_with={moved}"])
    moved.unlink()
    second = newest_checkpoint(path.parent)
    learned = Trained.read(second).system.learned
    assert learned.data == (TrainingData("Other castles", "MIT", ("depth",)), CASTLES)
    assert learned.metric == {"depth"}

    main(["fit", f"--config={path}", f"--ckpt_path={second}", "--trainer.max_epochs=2"])  # and goes on
    assert Trained.read(newest_checkpoint(path.parent)).system.learned == learned


def test_the_folder_of_a_training_stands_for_its_newest_checkpoint(trained):
    path, *_ = trained
    assert Trained.read(path.parent).path == newest_checkpoint(path.parent)


def test_a_checkpoint_from_before_they_said_it_still_names_its_data(trained, tmp_path):
    *_, checkpoint = trained
    saved = torch.load(checkpoint, weights_only=True)
    del saved[PROVENANCE]
    torch.save(saved, tmp_path / "last.ckpt")
    learned = Trained.read(tmp_path / "last.ckpt").system.learned
    assert (learned.data, learned.metric) == ((CASTLES,), {"depth"})
    assert provenance_of([tmp_path]) == learned  # of the folder


def test_what_is_not_learnt_of_a_source_is_not_said(trained):
    _, cli, _ = trained
    unused = replace(CASTLES, truths=("labels", "depth", "poses"))
    assert cli.model.learned_from([unused]).data == (CASTLES,)
    assert cli.model.learned_from([replace(CASTLES, truths=("labels",))]).metric == frozenset()


def test_being_called_like_another_source_changes_nothing(tmp_path):
    path = configuration(tmp_path, "StreetData", licence="CC BY-NC 4.0")
    cli = main([f"--config={path}"], run=False)
    assert cli.datamodule.training_data == (replace(CASTLES, licence="CC BY-NC 4.0"),)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("LacksDrives", r"helpers\.castles\.LacksDrives: lacks drives\(\): see training\.data\.source\.SourceSettings"),
        ("LacksWhoseItIs", r"helpers\.castles\.LacksWhoseItIs: lacks name, licence: see"),
        ("LacksTheBase", r"helpers\.castles\.LacksTheBase does not correspond to a subclass of SourceSettings"),
    ],
)
def test_a_source_that_lacks_something_is_named_with_it_before_training(tmp_path, kind, message):
    with pytest.raises(TrainingError, match=message):
        main([f"--config={configuration(tmp_path, kind)}"], run=False)
