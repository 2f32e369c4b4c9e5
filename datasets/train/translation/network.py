"""The encoder-decoder of docs/formats/translation-model.md in PyTorch, built from the JSON of a
model file, and that file. Bahdanau et al. 2015, Luong et al. 2015. Time is the first dimension:
T target steps, S source positions, N sentences (or hypotheses).
"""
import torch
from torch.nn.functional import dropout
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from model_file import read_tensors, write_tensors
from translation.corpus import fail


def describe(source, target, options):
    """The JSON of the model that these options ask for, without its name."""
    width, half, cells = options.embedding, options.cells // 2, options.cells
    encoder = [{"type": "lstm", "name": f"encoder{n + 1}", "inputs": 2 * half if n else width,
                "cells": half, "direction": "both"} for n in range(options.encoder_layers)]
    feed = width if options.input_feeding else 0
    decoder = [{"type": "lstm", "name": f"decoder{n + 1}", "inputs": cells if n else width + feed,
                "cells": cells, "direction": "forward"} for n in range(options.decoder_layers)]
    named = {"type": options.attention, "name": "attention"}
    if options.attention == "mlp":
        named["hidden"] = cells
    return {
        "source": {**source, "bos": None, "eos": 3}, "target": {**target, "bos": 2, "eos": 3},
        "encoder": {"embedding": {"name": "source_embedding", "width": width}, "layers": encoder},
        "bridge": {"type": "copy",
                   "from": [layer["name"] for layer in encoder[-options.decoder_layers:]]},
        "decoder": {"embedding": {"name": "target_embedding", "width": width},
                    "input_feeding": options.input_feeding, "layers": decoder},
        "attention": {**named, "outputs": width, "output_bias": False,
                      "output_activation": "tanh"},
        "generator": {"name": "generator", "tied_to": "target_embedding"}}


class Network(torch.nn.Module):
    def __init__(self, model, drop=0.0):
        super().__init__()
        self.model, self.drop = model, drop
        encoder, decoder, attention = model["encoder"], model["decoder"], model["attention"]
        self.source_embedding = self.embedding(encoder["embedding"], model["source"])
        self.target_embedding = self.embedding(decoder["embedding"], model["target"])
        self.encoder = torch.nn.ModuleList(map(self.recurrent, encoder["layers"]))
        self.decoder = torch.nn.ModuleList(map(self.recurrent, decoder["layers"]))
        if model["bridge"]["type"] != "copy" or attention["output_activation"] != "tanh":
            fail("the bridge or the attention is of a kind that this program cannot run")
        last = encoder["layers"][-1]
        keys = last["cells"] * (2 if last["direction"] == "both" else 1)
        query = decoder["layers"][-1]["cells"]
        linear = torch.nn.Linear
        if attention["type"] == "general":
            self.linear_in = linear(query, keys, bias=False)
        elif attention["type"] == "mlp":
            self.query = linear(query, attention["hidden"])
            self.context = linear(keys, attention["hidden"], bias=False)
            self.score = linear(attention["hidden"], 1, bias=False)
        self.linear_out = linear(keys + query, attention["outputs"], bias=attention["output_bias"])
        self.generator = linear(attention["outputs"], len(model["target"]["tokens"]))
        if model["generator"].get("tied_to"):
            self.generator.weight = self.target_embedding.weight

    @staticmethod
    def embedding(settings, side):
        part = torch.nn.Embedding(len(side["tokens"]), settings["width"])
        torch.nn.init.normal_(part.weight, std=settings["width"] ** -0.5)
        return part

    @staticmethod
    def recurrent(layer):
        if layer["type"] != "lstm" or layer["direction"] == "backward":
            fail("layer", layer["name"], "is of a kind that this program cannot run")
        part = torch.nn.LSTM(layer["inputs"], layer["cells"],
                             bidirectional=layer["direction"] == "both")
        for name, value in part.named_parameters():
            if name.startswith("bias_hh"):  # the file has one bias
                torch.nn.init.zeros_(value)
                value.requires_grad = False
            elif name.startswith("bias_ih"):  # remember at first: the forget gate is open
                torch.nn.init.zeros_(value)
                value.data[layer["cells"]:2 * layer["cells"]] = 1
        return part

    def dropped(self, x):
        return dropout(x, self.drop, self.training)

    def encode(self, source, lengths):
        """Source ids [S, N] -> the memory that attention reads, and the decoder's first state."""
        x, finals = self.source_embedding(source), {}
        for layer, part in zip(self.model["encoder"]["layers"], self.encoder):
            packed = pack_padded_sequence(self.dropped(x), lengths, enforce_sorted=False)
            packed, state = part(packed)
            x, _ = pad_packed_sequence(packed)
            # [directions, N, cells] -> [1, N, directions * cells]
            finals[layer["name"]] = [s.transpose(0, 1).flatten(1)[None] for s in state]
        outside = torch.arange(len(source))[None, :] >= lengths[:, None]
        memory = {"keys": x.transpose(0, 1), "outside": outside.to(x.device)}
        if self.model["attention"]["type"] == "mlp":
            memory["hidden"] = self.context(memory["keys"])
        states = [tuple(finals[name]) for name in self.model["bridge"]["from"]]
        feed = x.new_zeros(1, source.shape[1], self.model["attention"]["outputs"])
        return memory, {"states": states, "feed": feed}

    def attend(self, query, memory):
        """Queries [T, N, D] -> attentional vectors [T, N, O] and weights [N, T, S]."""
        kind, turned = self.model["attention"]["type"], query.transpose(0, 1)
        if kind == "mlp":
            sums = self.query(turned)[:, :, None] + memory["hidden"][:, None]
            scores = self.score(sums.tanh()).squeeze(3)
        else:
            probe = self.linear_in(turned) if kind == "general" else turned
            scores = probe @ memory["keys"].transpose(1, 2)
        scores = scores.masked_fill(memory["outside"][:, None], -float("inf"))
        weights = scores.softmax(2)
        both = torch.cat([weights @ memory["keys"], turned], 2)
        return self.linear_out(both).tanh().transpose(0, 1), weights

    def advance(self, x, memory, state):
        """Decoder inputs [T, N, C] -> as attend(), and the state after them."""
        states = []
        for n, (part, before) in enumerate(zip(self.decoder, state["states"])):
            x, after = part(self.dropped(x) if n else x, before)
            states.append(after)
        outputs, weights = self.attend(self.dropped(x), memory)
        return outputs, weights, {"states": states, "feed": outputs[-1:]}

    def decode(self, tokens, memory, state):
        """Tokens [T, N], each the one before the token that is predicted -> attentional vectors
        [T, N, O], weights [N, T, S] and state."""
        x = self.dropped(self.target_embedding(tokens))
        if not self.model["decoder"]["input_feeding"]:
            return self.advance(x, memory, state)
        outputs, weights = [], []
        for t in range(len(tokens)):
            step = torch.cat([x[t:t + 1], self.dropped(state["feed"])], 2)
            output, weight, state = self.advance(step, memory, state)
            outputs.append(output)
            weights.append(weight)
        return torch.cat(outputs), torch.cat(weights, 1), state

    def forward(self, source, lengths, tokens):
        """Logits [T, N, V]."""
        memory, state = self.encode(source, lengths)
        outputs, _, _ = self.decode(tokens, memory, state)
        return self.generator(self.dropped(outputs))

    def tensors(self):
        """The tensors of the model file by name, and the parameters that hold them."""
        model, attention = self.model, self.model["attention"]
        named = {"source_embedding.weight": self.source_embedding.weight,
                 "target_embedding.weight": self.target_embedding.weight}
        for layer, part in zip(model["encoder"]["layers"] + model["decoder"]["layers"],
                               [*self.encoder, *self.decoder]):
            for direction, suffix in [("forward", ""), ("backward", "_reverse")]:
                if suffix and layer["direction"] != "both":
                    continue
                for tensor, own in [("weight_ih", "weight_ih_l0"), ("weight_hh", "weight_hh_l0"),
                                    ("bias", "bias_ih_l0")]:
                    named[f"{layer['name']}.{direction}.{tensor}"] = getattr(part, own + suffix)
        if attention["type"] == "general":
            named["attention.linear_in.weight"] = self.linear_in.weight
        elif attention["type"] == "mlp":
            named.update({"attention.query.weight": self.query.weight,
                          "attention.query.bias": self.query.bias,
                          "attention.context.weight": self.context.weight,
                          "attention.score.weight": self.score.weight})
        named["attention.linear_out.weight"] = self.linear_out.weight
        if attention["output_bias"]:
            named["attention.linear_out.bias"] = self.linear_out.bias
        if not model["generator"].get("tied_to"):
            named["generator.weight"] = self.generator.weight
        named["generator.bias"] = self.generator.bias
        return named


def write_model(path, network, notes):
    """The tensors are rounded to F16."""
    write_tensors(path, network.model, notes, network.tensors(), "F16")


def read_model(path):
    model, tensors = read_tensors(path)
    if model["task"] != "translation":
        fail(f"{path} is no translation model")
    network = Network(model)
    with torch.no_grad():
        for name, parameter in network.tensors().items():
            parameter.copy_(torch.from_numpy(tensors[name]))
    return network.eval()
