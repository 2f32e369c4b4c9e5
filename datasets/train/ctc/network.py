"""Networks of LSTM and linear layers in PyTorch, given as the list of layers of a model file
(docs/formats/model.md), and that file: so whatever was trained can be read back.
"""
import torch
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence

from ctc.corpus import fail
from model_file import read_tensors, write_tensors

BLANK = "<blank>"


def blstm_layers(inputs, depth, cells, outputs):
    layers = []
    for n in range(depth):
        layers.append({"type": "lstm", "name": f"lstm{n + 1}", "inputs": inputs, "cells": cells,
                       "direction": "both"})
        inputs = 2 * cells
    return layers + [{"type": "linear", "name": "output", "inputs": inputs, "outputs": outputs}]


def deepspeech_layers(inputs, cells, outputs):
    """Hannun et al. 2014 with an LSTM: clipped-ReLU layers around one bidirectional layer."""
    clipped = {"type": "clipped_relu", "limit": 20}
    layers = []
    for n, size in enumerate([cells, cells, 2 * cells]):
        layers.append({"type": "linear", "name": f"fc{n + 1}", "inputs": inputs, "outputs": size,
                       "activation": clipped})
        inputs = size
    return layers + [
        {"type": "lstm", "name": "lstm", "inputs": inputs, "cells": cells, "direction": "both"},
        {"type": "linear", "name": "fc4", "inputs": 2 * cells, "outputs": cells,
         "activation": clipped},
        {"type": "linear", "name": "output", "inputs": cells, "outputs": outputs}]


class Network(torch.nn.Module):
    def __init__(self, layers, drop=0.0):
        super().__init__()
        self.layers, self.drop = layers, drop
        self.parts = torch.nn.ModuleDict({layer["name"]: self.part(layer) for layer in layers})

    @staticmethod
    def part(layer):
        if layer["type"] == "linear":
            part = torch.nn.Linear(layer["inputs"], layer["outputs"])
            if "activation" in layer:  # He et al. 2015
                torch.nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            return part
        if layer["type"] != "lstm" or layer["direction"] == "backward":
            fail("layer", layer["name"], "is of a kind that this program cannot run")
        part = torch.nn.LSTM(layer["inputs"], layer["cells"],
                             bidirectional=layer["direction"] == "both")
        for name, value in part.named_parameters():
            if name.startswith("bias_hh"):  # the file has one bias
                torch.nn.init.zeros_(value)
                value.requires_grad = False
        return part

    def forward(self, packed):
        """PackedSequence of features -> the same of logits."""
        for n, layer in enumerate(self.layers):
            part = self.parts[layer["name"]]
            data = dropout(packed.data, self.drop, self.training and n > 0)
            packed = with_data(packed, data)
            if layer["type"] == "lstm":
                packed = part(packed)[0]
            else:
                packed = with_data(packed, activate(part(data), layer.get("activation")))
        return packed

    def tensors(self):
        """The tensors of the model file by name, and the parameters that hold them."""
        named = {}
        for layer in self.layers:
            part, name = self.parts[layer["name"]], layer["name"]
            if layer["type"] == "linear":
                named.update({f"{name}.weight": part.weight, f"{name}.bias": part.bias})
                continue
            for direction, suffix in [("forward", ""), ("backward", "_reverse")]:
                if suffix and layer["direction"] != "both":
                    continue
                for tensor, own in [("weight_ih", "weight_ih_l0"), ("weight_hh", "weight_hh_l0"),
                                    ("bias", "bias_ih_l0")]:
                    named[f"{name}.{direction}.{tensor}"] = getattr(part, own + suffix)
        return named


def with_data(packed, data):
    return PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)


def activate(x, activation):
    if activation is None:
        return x
    return x.clamp(0, activation["limit"]) if activation["type"] == "clipped_relu" else x.relu()


def write_model(path, model, network, notes):
    write_tensors(path, model, notes, network.tensors())


def read_model(path):
    """A model file -> (its JSON, the network)."""
    model, tensors = read_tensors(path)
    network = Network(model["layers"])
    with torch.no_grad():
        for name, parameter in network.tensors().items():
            parameter.copy_(torch.from_numpy(tensors[name]))
    return model, network


def greedy(logits, tokens):
    """The best character of each frame [T, V], repeats merged, blanks removed."""
    best = torch.unique_consecutive(logits.argmax(1)).tolist()
    return " ".join("".join(tokens[i] for i in best if tokens[i] != BLANK).split())
