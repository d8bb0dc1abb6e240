"""The tests of the workshop are small: one thread each is fastest, and leaves the machine to others."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def street_renderer():
    """Skips where the street world cannot be rendered."""
    moderngl = pytest.importorskip("moderngl")
    try:
        moderngl.create_context(standalone=True, backend="egl").release()
    except Exception as error:  # moderngl raises whatever the driver makes it meet
        pytest.skip(f"no EGL context ({error}): install libegl1 and libgl1-mesa-dri")
