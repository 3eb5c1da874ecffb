"""Reads a trained model with NumPy and the package safetensors, and predicts the embedded test digits with it.

    python numpy_test.py MODEL.safetensors ACCURACY

Fails unless the accuracy is ACCURACY, which the program reported.
"""
import gzip
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file

digits = pathlib.Path(__file__).parent.parent / "crates/retrograde-digits/mnist-5k"


def idx(name, header):
    return np.frombuffer(gzip.open(digits / f"{name}.gz").read(), np.uint8, offset=header)


images = idx("t10k-images-idx3-ubyte", 16).reshape(-1, 784).astype(np.float32) / 255
labels = idx("t10k-labels-idx1-ubyte", 8)
model = load_file(sys.argv[1])
hidden = np.maximum(images @ model["affine1.weight"] + model["affine1.bias"], 0)
logits = hidden @ model["affine2.weight"] + model["affine2.bias"]
accuracy = float((logits.argmax(1) == labels).mean())
print(f"NumPy reads {sorted(model)} and gets {accuracy} of the test digits right")
sys.exit(abs(accuracy - float(sys.argv[2])) > 0.0005)
