"""`python -m benchmarks.muon [--rounds N]`: the step of the base's Muon, with torch's and with the recipe's own.

On the matrices of the embedded base's layers, in one process of one thread; with two workers, each does half of it.
Rounds alternate on the same gradients; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.muon", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()

    import torch
    from transformers import AutoModelForCausalLM

    from fixtures.bases.tiny import muon

    torch.set_num_threads(1)
    base = AutoModelForCausalLM.from_pretrained(Path(muon.__file__).parent, dtype=torch.float32)
    matrices = [p for p in base.model.layers.parameters() if p.dim() == 2]
    for matrix in matrices:
        matrix.grad = torch.randn_like(matrix)
    ways: dict[str, torch.optim.Optimizer] = {
        "torch's": torch.optim.Muon(matrices, lr=1e-6, adjust_lr_fn="match_rms_adamw"),
        "the recipe's": muon.SharedMuon(matrices, lr=1e-6, weight_decay=0.1),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for optimizer in ways.values():  # the first step makes room
        optimizer.step()
    for _ in range(options.rounds):
        for name, optimizer in ways.items():
            started = time.perf_counter()
            optimizer.step()
            seconds[name].append(time.perf_counter() - started)
    for name, found in seconds.items():
        sys.stdout.write(f"{name}: {statistics.median(found):.3f} s ({min(found):.3f} to {max(found):.3f})\n")
    ratio = statistics.median(seconds["the recipe's"]) / statistics.median(seconds["torch's"])
    sys.stdout.write(f"the recipe's takes {ratio:.2f} of the time of torch's\n")


if __name__ == "__main__":
    main()
