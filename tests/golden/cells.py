#!/usr/bin/env python3
"""What PyTorch's nn.GRU and nn.LSTM(proj_size=...) give for small random networks, with the tensors under the names of
edgeval's model file: tests/host/layer/cells_torch_test.cpp reads tests/golden/cells.json. Made with torch 1.13.0 on a CPU:
    tests/golden/cells.py > tests/golden/cells.json"""
import json

import torch

INPUTS, CELLS, PROJECTED, FRAMES = 3, 4, 2, 6


def numbers(tensor):
    return [float(value) for value in tensor.flatten()]


def tensors(network, kind):
    """edgeval's names; an LSTM's two biases are one."""
    found = {}
    for direction, suffix in (("forward", ""), ("backward", "_reverse")):
        of = {name: getattr(network, f"{name}_l0{suffix}").detach()
              for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        prefix = f"layer.{direction}."
        found[prefix + "weight_ih"] = of["weight_ih"]
        found[prefix + "weight_hh"] = of["weight_hh"]
        if kind == "gru":
            found[prefix + "bias_ih"] = of["bias_ih"]
            found[prefix + "bias_hh"] = of["bias_hh"]
        else:
            found[prefix + "bias"] = of["bias_ih"] + of["bias_hh"]
        if hasattr(network, "weight_hr_l0"):
            found[prefix + "weight_hr"] = getattr(network, f"weight_hr_l0{suffix}").detach()
    return {name: {"shape": list(value.shape), "values": numbers(value)} for name, value in found.items()}


def case(name, kind, network, layer):
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-1, 1)
        x = torch.randn(FRAMES, 1, INPUTS)
        output, _ = network(x)
    layer = {"type": kind, "name": "layer", "inputs": INPUTS, "cells": CELLS, "direction": "both", **layer}
    return {"name": name, "layer": layer, "outputs": output.shape[2], "tensors": tensors(network, kind),
            "frames": FRAMES, "x": numbers(x), "h": numbers(output)}


def main():
    torch.manual_seed(1)
    cases = [case("gru", "gru", torch.nn.GRU(INPUTS, CELLS, bidirectional=True), {"reset": "after", "bias": True}),
             case("lstm", "lstm", torch.nn.LSTM(INPUTS, CELLS, bidirectional=True), {}),
             case("projection", "lstm", torch.nn.LSTM(INPUTS, CELLS, bidirectional=True, proj_size=PROJECTED), {})]
    print(json.dumps(cases))


if __name__ == "__main__":
    main()
