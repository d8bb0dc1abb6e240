"""What a checkpoint says it is built of is looked at before any of it is imported."""

import sys

import pytest
import torch

from training.checkpoint import OTHER_CODE, refuse_unknown_code
from training.errors import TrainingError
from training.trained import Trained

OURS = {
    "_class_path": "training.systems.dual_networks.DualNetworksSystem",
    "_instantiator": "lightning.pytorch.cli.instantiate_module",
    "network": {"class_path": "training.networks.lr_net.LRNet", "init_args": {"a": [{"class_path": "torch.nn.ReLU"}]}},
}


def test_our_own_code_and_torchs_modules_may_be_named():
    refuse_unknown_code("a.ckpt", OURS)


@pytest.mark.parametrize(
    "changes",
    [
        {"_class_path": "evil.System"},
        {"_class_path": "training"},
        {"_class_path": "trainingx.System"},
        {"_class_path": "os.system"},
        {"_class_path": None},
        {"_instantiator": "evil.run"},
        {"_instantiator": "lightning.pytorch.cli.instantiate_module.evil"},
        {"network": {"class_path": "subprocess.Popen", "init_args": {"args": ["true"]}}},
        {"network": {"init_args": {"layers": [{}, {"class_path": "torch.hub.load"}]}}},
    ],
)
def test_other_code_is_not_imported(tmp_path, monkeypatch, changes):
    (tmp_path / "evil.py").write_text("raise AssertionError('it was imported')")
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "a.ckpt"
    saved = {"state_dict": {}, "hyper_parameters": OURS | changes}
    torch.save(saved | {"datamodule_hyper_parameters": {"width": 64, "height": 32}}, path)
    with pytest.raises(TrainingError, match=r"a\.ckpt: names the code .*, which is not known and was not run: .*="):
        Trained.read(path)
    assert "evil" not in sys.modules


def test_a_package_of_ones_own_is_trusted_by_name(monkeypatch):
    named = {"network": {"class_path": "mine.nets.Net"}}
    with pytest.raises(TrainingError, match=f"set {OTHER_CODE}=mine"):
        refuse_unknown_code("a.ckpt", named)
    monkeypatch.setenv(OTHER_CODE, "others, mine")
    refuse_unknown_code("a.ckpt", named)
    with pytest.raises(TrainingError, match="minerals"):
        refuse_unknown_code("a.ckpt", {"class_path": "minerals.Net"})
