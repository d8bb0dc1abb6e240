"""Datasets of single images, to judge by: KITTI 2015 and Make3D, and the MATLAB files of the latter."""

import base64
import zlib

import numpy as np
import pytest
from helpers.datasets import HEIGHT, WIDTH, pictures, projection, write_kitti_2015, write_make3d, write_mat

from training.data.datasets.kitti_2015 import Kitti2015Data
from training.data.datasets.make3d import Make3DData
from training.data.mat_file import read_matrix
from training.errors import TrainingError


def kitti_2015(*arguments, **options):
    return Kitti2015Data(*arguments, **options)


class TestKitti2015:
    @pytest.fixture
    def tree(self, tmp_path):
        values = np.zeros((HEIGHT, WIDTH), np.uint16)
        values[20, 30] = 256 * 4 + 64
        write_kitti_2015(tmp_path, values)
        return tmp_path

    def test_depth_is_focal_length_times_baseline_over_disparity(self, tree):
        snippets = kitti_2015(str(tree)).open()
        assert len(snippets) == 2
        assert snippets[1].name == "000001_10"
        depth = snippets[0].depth
        baseline = 0.5327  # of KITTI's colour cameras, metres
        assert depth[20, 30] == pytest.approx(projection(2)[0, 0] * baseline / 4.25, rel=1e-3)
        assert np.isfinite(depth).sum() == 1
        assert np.array_equal(snippets[0].images[0], pictures(1, seed=0)[0])

    def test_drives_from_the_development_kit(self, tree):
        names = {"000000_10", "000001_10"}
        assert {drive.name for drive in kitti_2015(str(tree)).drives()} == names
        path = tree / "devkit/mapping/train_mapping.txt"
        path.parent.mkdir(parents=True)
        path.write_text("2011_09_26 2011_09_26_drive_0005_sync 0000000010\n\n")
        assert {drive.name for drive in kitti_2015(str(tree)).drives()} == {*names, "2011_09_26_drive_0005"}
        assert {drive.name for drive in kitti_2015(str(tree), first=1).drives()} == {"000001_10"}

    def test_a_part_of_the_images_is_learnt_from(self, tree):
        (snippet,) = kitti_2015(str(tree), first=1).open()
        assert snippet.name == "000001_10"
        assert kitti_2015(str(tree), truth=()).open()[0].depth is None
        with pytest.raises(TrainingError, match="there is no image such as 000000_10"):
            kitti_2015(str(tree), first=2).open()

    def test_what_is_missing_is_named(self, tree):
        (tree / "training/disp_occ_0/000001_10.png").unlink()
        with pytest.raises(TrainingError, match=r"000001_10\.png: there is no disparity map of KITTI 2015.*https"):
            kitti_2015(str(tree)).open()

    def test_there_are_no_neighbours(self, tree):
        with pytest.raises(TrainingError, match=r"single images.*middle of 3"):
            kitti_2015(str(tree)).open(frames=3)


# What scipy.io.savemat writes of {"other": "text", "Position3DGrid": numpy.arange(24.0).reshape(2, 3, 4)}, with
# do_compression and without.
SAVED = {
    "plain": (
        "c-o!M!D_-l5C-6lwjqL)9D3-%!%&Kds3dERnoEreA{Y_s3k0&#K<bus5g)IQ)JJfFKQz#r3qKz-%M815wBJN?8Vx*(qkaF7<%)KB"
        "Vh+0a4CzaMXXhR*3Y8d@l0Js?o*3Hd6G@+ZKlCP{oRaipAZ|F;I(}d#9Gl~C?r?RF+CtAlPn!=_ur7CvI-7FdvHs@m%6yYk<J2pA"
        "%RS}Hj(=t{eH<=VMV1QD;NH)_2X<yxUFboAukiQnY8Uk*^x-ocK>>U42}<|^1L(j3Y{4OH!}06_B4#Rv"
    ),
    "compressed": (
        "c-r%I4DoSvQZUssQ1EpO(M`+DNmU5QNi0drFUqx2D9A6)tk6+#E=o--Nlj76&$ChpPApOI%P&(fGE^`$v@)=;GO|=KGB7e@AOkRZ"
        "`tk!QT_CQQ^Ef#nVFN>wnZh%MBr!IQgw{`z3zK>RHvXB^b45u(mqA3=bFBs=gH;Mk4oFiCSX1n&ja*F$B5e=X2N`l?7GxB32y}KB"
        "Y?UhJh}zvTt=`i>e}nfcA*)aOgW2Qc&OKC_^r%y$_ms6?hVGh`rkk1GeOq;;swCfh$Ggz`@Ag)E74NS7Vt@PE?ju6iZ#?+^>h8wn"
        "6-RjI1?)I38aCsxWU@^{o2ghuX8o<Z0>J=O>14<"
    ),
}


class TestMatFile:
    @pytest.mark.parametrize("kind", SAVED)
    def test_reads_what_others_write(self, tmp_path, kind):
        path = tmp_path / "a.mat"
        path.write_bytes(zlib.decompress(base64.b85decode(SAVED[kind])))
        assert np.array_equal(read_matrix(path, "Position3DGrid"), np.arange(24.0).reshape(2, 3, 4))
        with pytest.raises(TrainingError, match="has no matrix Depth, but other, Position3DGrid"):
            read_matrix(path, "Depth")

    def test_damaged_files_are_named(self, tmp_path):
        path = tmp_path / "a.mat"
        whole = zlib.decompress(base64.b85decode(SAVED["plain"]))
        for length in (200, 260, len(whole) - 8):
            path.write_bytes(whole[:length])
            with pytest.raises(TrainingError, match=r"a\.mat: is damaged or cut short"):
                read_matrix(path, "Position3DGrid")
        path.write_bytes(b"\x89HDF" + whole[4:126] + b"??")
        with pytest.raises(TrainingError, match="no MATLAB file of version 5 to 7"):
            read_matrix(path, "Position3DGrid")

    def test_passes_over_what_is_no_matrix_of_numbers(self, tmp_path):
        write_mat(tmp_path / "a.mat", first=np.arange(3.0)[None], second=np.eye(2))
        assert np.array_equal(read_matrix(tmp_path / "a.mat", "second"), np.eye(2))


class TestMake3D:
    @pytest.fixture
    def tree(self, tmp_path):
        write_make3d(tmp_path, np.random.default_rng(0).uniform(1, 80, (55, 305, 4)))
        return tmp_path

    def test_depth_is_the_fourth_of_the_grid(self, tree):
        snippets = Make3DData(str(tree)).open()
        assert len(snippets) == 2
        snippet = snippets[0]
        assert snippet.name == "math7-p-282t0"
        expected = np.random.default_rng(0).uniform(1, 80, (55, 305, 4))[..., 3]
        assert snippet.depth == pytest.approx(expected, rel=1e-6)
        assert snippet.images[0].shape == (227, 170, 3)
        assert snippet.camera.fx == pytest.approx(snippet.camera.fy, rel=5e-3)

    def test_what_is_missing_is_named(self, tree):
        (tree / "Gridlaserdata/depth_sph_corr-op57-p-016t000.mat").unlink()
        with pytest.raises(TrainingError, match=r"016t000\.mat: there is no depth of this image of Make3D.*http"):
            Make3DData(str(tree)).open()
