"""What the Python programs share: the work as arguments, the data, the clock and the line at the end."""
import argparse
import json
import pathlib
import time
import numpy as np


def arguments():
    """The work, as `run` describes it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--kind", choices=["train", "evaluate", "regression"], required=True)
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")], required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--init", required=True)
    parser.add_argument("--chunk", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    return parser.parse_args()


def deviation(work, inputs):
    """The standard deviation of the initial weights of a layer: a number, or He's."""
    return (2 / inputs) ** 0.5 if work.init == "he" else float(work.init)


def load(work):
    """(images, labels) to train on and to test with, from four unpacked IDX files: float32 in [0, 1] and int32.

    For a regression: rows of normal numbers and their sines."""
    if work.kind == "regression":
        x = np.random.default_rng(0).standard_normal((work.batch, work.sizes[0]), np.float32)
        return [(x, np.sin(x[:, :work.sizes[-1]]))] * 2

    def idx(name, header):
        return np.frombuffer((work.data / name).read_bytes(), np.uint8, offset=header)
    return [(idx(f"{name}-images-idx3-ubyte", 16).reshape(-1, 784).astype(np.float32) / np.float32(255),
             idx(f"{name}-labels-idx1-ubyte", 8).astype(np.int32)) for name in ("train", "t10k")]


def measure(work, peer, version, steps, evaluate):
    """Trains one chunk to warm up, then measures chunk after chunk, and prints the median.

    `steps()` trains `work.chunk` steps and returns when they are done; `evaluate()` gives the accuracies on both sets, of a
    regression the mean squared errors.
    """
    steps()
    evaluate()
    one, parts = (evaluate, 1) if work.kind == "evaluate" else (steps, work.chunk)
    seen, start = [], time.perf_counter()
    while len(seen) < 5 or time.perf_counter() - start < work.seconds:
        begin = time.perf_counter()
        one()
        seen.append((time.perf_counter() - begin) / parts)
    print(json.dumps({"peer": peer, "version": version, "seconds": sorted(seen)[len(seen) // 2],
                      "accuracy": evaluate()[1]}))
