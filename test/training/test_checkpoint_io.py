"""A checkpoint is whole or absent, also on a full disk, and a training outlives it."""

import os
import resource
from pathlib import Path

import lightning
import pytest
import torch
from helpers.drives import analytic_drive
from helpers.training import FULL, loader, make_system, trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from depth_perception.files import OutputError
from training.checkpoint import read_checkpoint
from training.checkpoint_io import WholeCheckpoints
from training.commands.fit import LoggedLearningRate, main
from training.errors import TrainingError

SMOKE = Path(__file__).parents[2] / "config/training/dual_networks/smoke.yaml"


class SmallDisk:
    """No file may grow beyond some bytes: writing then fails half-way, as on a disk that is full."""

    def __init__(self, size):
        self._size = size

    def __enter__(self):
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._before[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path):
    path = tmp_path / "last.ckpt"
    files = WholeCheckpoints()
    files.save_checkpoint({"state_dict": {"a": torch.zeros(50000)}}, path)
    with (
        SmallDisk(100_000),
        pytest.warns(UserWarning, match=r"last\.ckpt: this checkpoint could not be written \(.+\)"),
    ):
        files.save_checkpoint({"state_dict": {"a": torch.ones(50000)}}, path)
    assert read_checkpoint(path)["state_dict"]["a"].sum() == 0
    assert list(tmp_path.iterdir()) == [path]
    files.remove_checkpoint(path)
    assert path.exists()  # the one that was to replace it is not there

    files.save_checkpoint({"state_dict": {"a": torch.ones(50000)}}, path)
    assert read_checkpoint(path)["state_dict"]["a"].sum() == 50000
    files.remove_checkpoint(path)
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match=r"file/last\.ckpt: this checkpoint could not be written"):
        WholeCheckpoints().save_checkpoint({}, tmp_path / "file/last.ckpt")


def test_a_training_goes_on_and_its_next_checkpoint_is_written(tmp_path):
    class Full(lightning.Callback):
        """Of three epochs, the disk is full at the end of the second."""

        def on_train_epoch_end(self, trainer, system):
            if trainer.current_epoch == 1:
                self.disk = SmallDisk(20_000)
                self.disk.__enter__()

        def on_train_epoch_start(self, trainer, system):
            if trainer.current_epoch == 2:
                self.disk.__exit__()
                assert read_checkpoint(tmp_path / "last.ckpt")["epoch"] == 0
                assert read_checkpoint(tmp_path / "epoch=0-step=2.ckpt")["epoch"] == 0

    saving = ModelCheckpoint(tmp_path, save_last=True)
    run = trainer(tmp_path, max_epochs=3, callbacks=[Full(), saving], plugins=[WholeCheckpoints()])
    with pytest.warns(UserWarning, match="training goes on"):
        run.fit(make_system("lr"), loader([analytic_drive(FULL, frames=6)], "lr", batch_size=2))
    assert run.global_step == 6
    assert read_checkpoint(tmp_path / "last.ckpt")["epoch"] == 2


def test_a_training_that_could_not_be_saved_does_not_end_as_one_that_was(tmp_path):
    cli = main(["--config", str(SMOKE), f"--trainer.default_root_dir={tmp_path}"], run=False)
    cli.before_fit()
    cli.after_fit()
    with SmallDisk(20_000), pytest.warns(UserWarning, match="could not be written"):
        cli.trainer.strategy.checkpoint_io.save_checkpoint({"a": torch.zeros(50000)}, tmp_path / "last.ckpt")
    with pytest.raises(TrainingError, match=r"last\.ckpt: this checkpoint could not be written .* before is lost"):
        cli.after_fit()


@pytest.mark.parametrize("option", ["--checkpoint.dirpath", "--trainer.default_root_dir"])
def test_a_folder_for_checkpoints_that_cannot_be_is_said_before_anything_else(tmp_path, option):
    (tmp_path / "file").write_text("")
    cli = main(["--config", str(SMOKE), f"{option}={tmp_path / 'file' / 'runs'}"], run=False)
    with pytest.raises(OutputError, match="file/runs: cannot be written"):
        cli.before_fit()


def test_without_a_logger_a_training_runs_too(tmp_path):
    run = trainer(tmp_path, max_epochs=1, logger=False, callbacks=[LoggedLearningRate()])
    run.fit(make_system("lr"), loader([analytic_drive(FULL, frames=4)], "lr", batch_size=2))
    assert run.global_step == 1


def test_a_folder_stands_for_its_newest_checkpoint(tmp_path: Path) -> None:
    """As it is after a run that was gone on with: in another version's folder."""
    for version, age in ((0, 100), (1, 0)):
        path = tmp_path / f"lightning_logs/version_{version}/checkpoints/last.ckpt"
        path.parent.mkdir(parents=True)
        torch.save({"state_dict": {}, "epoch": version}, path)
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    assert read_checkpoint(tmp_path)["epoch"] == 1
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match=r"no last\.ckpt is in it"):
        read_checkpoint(tmp_path / "empty")
