#!/usr/bin/env bash
# opencv-python-headless 4.12.0.88 and 5.0.0.93: cv2.remap with float32 maps rounds where it looks to 1/32 of a pixel
# in 4.12, and does not in 5.0, so that rectified images differ by a grey level or two at half of their pixels; with
# the fixed-point maps of convertMaps both give the same image to the bit. resize, cvtColor, pyrDown, cornerMinEigenVal
# and calcOpticalFlowPyrLK give the same in both.
# Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/try.py" <<'PYTHON'
import sys

import cv2
import numpy as np

image = np.random.default_rng(0).integers(0, 256, (200, 500), np.uint8)
column, row = (grid.astype(np.float32) + np.float32(0.37) for grid in np.meshgrid(np.arange(400), np.arange(100)))
smooth = cv2.GaussianBlur(image, (0, 0), 2)
points = np.stack(np.meshgrid(np.arange(40, 460, 40), np.arange(40, 160, 40)), -1).reshape(-1, 1, 2).astype(np.float32)
moved, found, _ = cv2.calcOpticalFlowPyrLK(smooth, np.roll(smooth, (3, 5), (0, 1)), points, None, winSize=(13, 13))
share = 0.37
top, below = (image[:100, k : 400 + k] * (1 - share) + image[1:101, k : 400 + k] * share for k in (0, 1))
np.savez(
    sys.argv[1],
    version=cv2.__version__,
    exact=top * (1 - share) + below * share,
    float_maps=cv2.remap(image, column, row, cv2.INTER_LINEAR),
    fixed_maps=cv2.remap(image, *cv2.convertMaps(column, row, cv2.CV_16SC2), cv2.INTER_LINEAR),
    resize=cv2.resize(image, (211, 67), interpolation=cv2.INTER_AREA),
    pyramid=cv2.pyrDown(image),
    flow=moved[found > 0],
)
PYTHON
for version in 4.12.0.88 5.0.0.93; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check numpy==2.2.6 "opencv-python-headless==$version"
    "$folder/$version/bin/python" "$folder/try.py" "$folder/$version.npz"
done
"$folder/4.12.0.88/bin/python" - "$folder" <<'PYTHON'
import sys

import numpy as np

old, new = (np.load(f"{sys.argv[1]}/{version}.npz") for version in ("4.12.0.88", "5.0.0.93"))
off_old, off_new = (float(np.abs(item["float_maps"] - item["exact"]).max()) for item in (old, new))
print(f"float maps, grey levels off exact interpolation: {old['version']} {off_old:.2f}, {new['version']} {off_new:.2f}")
changed = float(np.mean(old["float_maps"] != new["float_maps"]))
print(f"pixels that differ between the two: {changed:.0%}")
same = [name for name in ("fixed_maps", "resize", "pyramid", "flow") if np.array_equal(old[name], new[name])]
print(f"the same to the bit: {', '.join(same)}")
sys.exit(not (off_old > 1.0 and off_new < 0.6 and changed > 0.2 and len(same) == 4))
PYTHON
echo "as described"
