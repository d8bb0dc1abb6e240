#!/usr/bin/env bash
# torch 2.13.0, onnxscript 0.7.2: torch.onnx.export, as it is by default, does at once what needs nothing but weights. Of a
# layer that keeps the logarithm of a scale the file has the scale, under the name of the operation: the weight is not in
# it, neither by name nor by value. The exporter before (dynamo=False) keeps it, though it is told to fold constants, and so
# does this one with optimize=False.
# Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 onnx==1.19.1 onnxscript==0.7.2 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys

import onnx
import torch


class Scaled(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.log_scale = torch.nn.Parameter(torch.tensor([0.5, 1.0]))
        self.offset = torch.nn.Parameter(torch.tensor([3.0, 4.0]))

    def forward(self, values):
        return self.log_scale.exp() * values + self.offset


def weights(**options):
    torch.onnx.export(Scaled(), (torch.ones(1, 2),), "scaled.onnx", verbose=False, **options)
    return sorted(weight.name for weight in onnx.load("scaled.onnx").graph.initializer)


by_default = weights()
plain = weights(optimize=False)
before = weights(dynamo=False, do_constant_folding=True)
print(f"torch {torch.__version__}: by default {by_default}; optimize=False {plain}; dynamo=False {before}")
sys.exit(0 if by_default == ["exp", "offset"] and plain == before == ["log_scale", "offset"] else 1)
PYTHON
