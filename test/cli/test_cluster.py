"""Evaluating on a Dask cluster: a real one, of a scheduler and a worker process on this machine."""

import json
from importlib import import_module

import pytest
from distributed import LocalCluster
from helpers.models import write_depth_model
from helpers.recordings import write_recording

import depth_perception.cli.cluster
from depth_perception.cli.cluster import cluster_at, each_on
from depth_perception.cli.errors import CommandError
from depth_perception.cli.main import main


@pytest.fixture(scope="module")
def cluster():
    local = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "threads_per_worker": 1}
    with LocalCluster(n_workers=1, **local) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Two recordings of which one is 1.25 times too far in its truth, a broken one, and a model."""
    folder = tmp_path_factory.mktemp("fleet")
    write_depth_model(folder / "depth.onnx")
    (folder / "bags" / "broken").mkdir(parents=True)
    (folder / "bags" / "broken" / "metadata.yaml").write_text("nothing")
    for name, factor in (("near", 1.0), ("wrong", 1.25)):
        write_recording(
            folder / "bags" / name, encoding="png", frames=2, odometry=False, depth="32FC1", metres_per_unit=factor
        )
    return folder


def evaluate(fleet, output, *options: str) -> int:
    models = ["--depth-model", str(fleet / "depth.onnx"), "--no-odometry", "--backend", "onnxruntime"]
    return main(["evaluate", "--bag", str(fleet / "bags"), *models, "--output", str(output), *options])


def test_a_cluster_answers_as_this_process_does(cluster, fleet, tmp_path, capsys):
    assert evaluate(fleet, tmp_path / "here") == 1
    here = capsys.readouterr()
    assert evaluate(fleet, tmp_path / "there", "--dask", cluster.scheduler_address) == 1
    there = capsys.readouterr()
    assert there.err.splitlines()[-1] == here.err.splitlines()[-1]
    assert "broken: is not a rosbag2 folder" in there.err.splitlines()[-1]
    for name in ("near", "wrong"):
        reports = [json.loads((tmp_path / place / name / "report.json").read_text()) for place in ("here", "there")]
        for report in reports:
            assert report.pop("timings")
        assert reports[0] == reports[1]
        assert (tmp_path / "there" / name / "report.html").exists()


def test_a_worker_that_lacks_what_it_needs_is_one_line(cluster):
    with cluster_at(cluster.scheduler_address) as client:
        (result,) = each_on(client, import_module, [("of_no_environment",)])
        with pytest.raises(CommandError, match=r"a worker of the cluster failed .*of_no_environment"):
            result()


def test_a_scheduler_that_is_not_there_and_one_without_workers_are_one_line(fleet, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(depth_perception.cli.cluster, "PATIENCE", 0.5)
    for address, said in (("tcp://127.0.0.1:9", "no scheduler answers there"), ("127.0.0.1", "is no address")):
        assert evaluate(fleet, tmp_path, "--dask", address) == 1
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert f"--dask {address}: {said}" in line
    with LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as empty:
        assert evaluate(fleet, tmp_path, "--dask", empty.scheduler_address) == 1
        assert f"dask worker {empty.scheduler_address}" in capsys.readouterr().err
