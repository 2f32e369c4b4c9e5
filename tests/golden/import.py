#!/usr/bin/env python3
"""Writes what torch.save makes of small networks, for the tests of `edgeval import`:

    import.py FOLDER

lstm.pt      zip   an LSTM of two layers, both directions, and a Linear
gru.pt       five  a GRU and a Linear inside a checkpoint with an epoch and an optimizer
opennmt.pt   five  an OpenNMT-py checkpoint: mlp attention, two directions, a dense bridge, no input
                   feeding
feeding.pt   zip   another: general attention, input feeding, two layers, generator tied to the
                   embedding
odd.pt       zip   transposed, double and half tensors, two in one storage; a projection

("five": five pickles in a row.) Element j of the k-th tensor of a state dict is (64 k + j) / 1024.
Needs torch; the classes of torchtext are made up here, since only their names and attributes go
into the file. tests/data/import holds what torch 1.13 wrote.
"""
import argparse
import collections
import pathlib
import sys
import types

import torch


def filled(state, start=0):
    """The state dict, its values replaced by known ones."""
    for k, (name, tensor) in enumerate(state.items()):
        count = torch.arange(tensor.numel(), dtype=torch.float64)
        tensor.copy_(((64 * (k + start) + count) / 1024).view(tensor.shape))
    return state


def made_up(module, name):
    parts = module.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[:i + 1]), types.ModuleType(parts[i]))
    if not hasattr(sys.modules[module], name):
        setattr(sys.modules[module], name, type(name, (), {"__module__": module}))
    return getattr(sys.modules[module], name)


def vocabulary(tokens):
    made = made_up("torchtext.vocab", "Vocab")()
    made.freqs = collections.Counter({token: n + 1 for n, token in enumerate(tokens)})
    made.itos = tokens
    made.stoi = collections.defaultdict(int, {token: n for n, token in enumerate(tokens)})
    return made


def field(name, tokens):
    inner = made_up("torchtext.data.field", "Field")()
    inner.vocab = vocabulary(tokens)
    outer = made_up("onmt.inputters.text_dataset", "TextMultiField")()
    outer.fields = [(name, inner)]
    return outer


SOURCE, TARGET = ["<unk>", "<blank>", "a", "ж"], ["<unk>", "<blank>", "<s>", "</s>", "b"]


def opennmt(kind, feeding, layers, both, bridge, tied):
    """Names and shapes as the toolkit gives them; E = 3, D = 4."""
    width, cells = (4 if tied else 3), 4
    half = cells // 2 if both else cells
    part = {"encoder": torch.nn.Module(), "decoder": torch.nn.Module()}
    encoder, decoder = part.values()
    for module, count in ((encoder, len(SOURCE)), (decoder, len(TARGET))):
        module.embeddings = torch.nn.Module()
        module.embeddings.make_embedding = torch.nn.Module()
        table = torch.nn.Embedding(count, width)
        module.embeddings.make_embedding.emb_luts = torch.nn.ModuleList([table])
    encoder.rnn = torch.nn.LSTM(width, half, layers, bidirectional=both)
    if bridge:
        encoder.bridge = torch.nn.ModuleList(
            [torch.nn.Linear(layers * half, layers * half) for _ in range(2)])
    if feeding:
        decoder.rnn = torch.nn.Module()
        decoder.rnn.layers = torch.nn.ModuleList(
            [torch.nn.LSTMCell(cells if n else width + cells, cells) for n in range(layers)])
    else:
        decoder.rnn = torch.nn.LSTM(width, cells, layers)
    decoder.attn = torch.nn.Module()
    if kind == "general":
        decoder.attn.linear_in = torch.nn.Linear(cells, cells, bias=False)
    if kind == "mlp":
        decoder.attn.linear_context = torch.nn.Linear(cells, cells, bias=False)
        decoder.attn.linear_query = torch.nn.Linear(cells, cells)
        decoder.attn.v = torch.nn.Linear(cells, 1, bias=False)
    decoder.attn.linear_out = torch.nn.Linear(2 * cells, cells, bias=kind == "mlp")
    generator = torch.nn.Sequential(torch.nn.Linear(cells, len(TARGET)))
    if tied:
        generator[0].weight = decoder.embeddings.make_embedding.emb_luts[0].weight
    model = collections.OrderedDict()
    for name, module in part.items():
        for key, tensor in module.state_dict().items():
            model[f"{name}.{key}"] = tensor
    filled(model)
    state = generator.state_dict()
    if not tied:
        filled(state, len(model))
    else:
        state["0.bias"].copy_(filled({"bias": torch.zeros(len(TARGET))}, len(model))["bias"])
    options = argparse.Namespace(
        model_type="text", encoder_type="brnn" if both else "rnn", decoder_type="rnn",
        rnn_type="LSTM", brnn_merge="concat", global_attention=kind,
        global_attention_function="softmax", input_feed=int(feeding), copy_attn=False,
        coverage_attn=False, context_gate=None, position_encoding=False, gpu_ranks=[0],
        dropout=[0.3])
    fields = {"src": field("src", SOURCE), "tgt": field("tgt", TARGET)}
    return {"model": model, "generator": state, "vocab": fields, "opt": options,
            "optim": {"step": 10}}


class Two(torch.nn.Module):
    def __init__(self, rnn, outputs):
        super().__init__()
        self.rnn = rnn
        self.fc = torch.nn.Linear(outputs, 5)


def main():
    folder = pathlib.Path(sys.argv[1])

    def save(name, value, **options):
        torch.save(value, folder / name, **options)

    old = {"_use_new_zipfile_serialization": False}
    save("lstm.pt", filled(Two(torch.nn.LSTM(3, 2, 2, bidirectional=True), 4).state_dict()))
    gru = Two(torch.nn.GRU(3, 2), 2)
    state = filled(gru.state_dict())
    optimizer = torch.optim.SGD(gru.parameters(), 0.5).state_dict()
    save("gru.pt", {"epoch": 3, "state_dict": state, "optimizer": optimizer}, **old)
    save("opennmt.pt", opennmt("mlp", False, 1, True, True, False), **old)
    save("feeding.pt", opennmt("general", True, 2, False, False, True))
    odd = filled(Two(torch.nn.LSTM(3, 2, proj_size=1), 1).state_dict())
    odd["rnn.weight_ih_l0"] = odd["rnn.weight_ih_l0"].t().contiguous().t()  # column by column
    odd["rnn.bias_ih_l0"] = odd["rnn.bias_ih_l0"].double()
    odd["fc.weight"] = odd["fc.weight"].half()
    both = torch.cat([odd["fc.bias"], odd["rnn.bias_hh_l0"]])
    odd["fc.bias"], odd["rnn.bias_hh_l0"] = both[:5], both[5:]
    save("odd.pt", odd)


if __name__ == "__main__":
    main()
