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
whole.pt     zip   the network of lstm.pt itself, not its state dict; a buffer that is not kept
whole_old.pt five  the same
own.pt       zip   its state dict beside an object of a class of its own and a whole optimizer
norm.pt      zip   state dicts of a network: `old`, with weight_norm (over rows, columns and all of a
                   matrix); `new`, parametrized; `old_plain` and `new_plain`, the weights that they
                   stand for, as torch makes them in double

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
    for k, tensor in enumerate(state.values()):
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


class Settings:
    def __init__(self):
        self.rate, self.names = 0.5, ["a", "b"]


class WeightNorm(torch.nn.Module):
    """As torch.nn.utils.parametrizations.weight_norm of torch 2 names its parts."""

    def forward(self, g, v):
        return torch._weight_norm(v, g, 0)

    def right_inverse(self, weight):
        return torch.norm_except_dim(weight, 2, 0) + 1, weight


def norms():
    """State dicts of one network with weights stored as g and v, and of what they stand for."""
    torch.manual_seed(11)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(3, 4)
            self.mid = torch.nn.Linear(4, 6)
            self.low = torch.nn.Linear(6, 6)
            self.fc = torch.nn.Linear(6, 5)

    def scaled(net):  # so that g is not the norm of v
        for name, parameter in net.named_parameters():
            if name.endswith("_g"):
                parameter.data.mul_(1.7).add_(0.1)
        return net

    old = Net()
    normed = [(old.rnn, "weight_ih_l0"), (old.rnn, "weight_hh_l0"), (old.mid, "weight"),
              (old.low, "weight"), (old.fc, "weight")]
    for (module, name), dim in zip(normed, (0, 0, 1, None, 0)):
        torch.nn.utils.weight_norm(module, name, dim)
    kept = {name: tensor.clone() for name, tensor in scaled(old).state_dict().items()}

    new = Net()
    new.load_state_dict({name.removesuffix("_v"): t for name, t in kept.items()
                         if not name.endswith("_g")})
    for module, name in ((new.rnn, "weight_hh_l0"), (new.fc, "weight")):
        torch.nn.utils.parametrize.register_parametrization(module, name, WeightNorm())
    parametrized = {name: tensor.clone() for name, tensor in new.state_dict().items()}

    old.double(), new.double()
    for module, name in normed:
        torch.nn.utils.remove_weight_norm(module, name)
    for module, name in ((new.rnn, "weight_hh_l0"), (new.fc, "weight")):
        torch.nn.utils.parametrize.remove_parametrizations(module, name)
    return {"old": kept, "old_plain": old.state_dict(),
            "new": parametrized, "new_plain": new.state_dict()}


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
    whole = Two(torch.nn.LSTM(3, 2, 2, bidirectional=True), 4)
    filled(whole.state_dict())
    whole.register_buffer("scratch", torch.zeros(2, 2), persistent=False)
    save("whole.pt", whole)
    save("whole_old.pt", whole, **old)
    save("own.pt", {"weights": filled(whole.state_dict()), "settings": Settings(),
                    "optimizer": torch.optim.SGD(whole.parameters(), 0.5)})
    save("norm.pt", norms())


if __name__ == "__main__":
    main()
