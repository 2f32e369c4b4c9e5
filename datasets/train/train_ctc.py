#!/usr/bin/env python3
"""Trains a character model with CTC (Graves et al. 2006) on any speech manifest and writes
edgeval's model file. docs/training.md tells how. Needs torch (1.13 or later), numpy, soundfile.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import torch
from torch.nn.functional import ctc_loss
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from ctc.corpus import Augment, Corpus, fail, read_set
from ctc.features import default_frontend, width
from ctc.network import BLANK, Network, blstm_layers, deepspeech_layers, greedy, read_model, write_model
from model_file import replace

EXAMPLE = """examples (from the folder edgeval was cloned into; an4 is the folder of CMU's AN4):
  python3 datasets/train/train_ctc.py train --train an4:train --dev an4:dev --noise 10 \\
      --stretch 0.15 --masks 2 --out my.safetensors
  python3 datasets/train/train_ctc.py check --data datasets/spoken:test \\
      --model datasets/spoken/speech-blstm3x128.safetensors
"""


def edits(reference, hypothesis):
    """Substitutions, deletions and insertions between two sequences."""
    position = numpy.arange(len(hypothesis) + 1)
    row, items = position, numpy.array(list(hypothesis), dtype=object)
    for i, item in enumerate(reference):
        best = numpy.minimum(row[1:] + 1, row[:-1] + (items != item))
        row = numpy.concatenate([[i + 1], best])
        row = numpy.minimum.accumulate(row - position) + position  # insertions
    return int(row[-1])


def logits_and_loss(network, corpus, batch, inputs, device):
    """Padded logits [T, N, V], their lengths, and the summed CTC loss of the batch."""
    packed = pack_sequence([x.to(device) for x in inputs], enforce_sorted=False)
    logits, lengths = pad_packed_sequence(network(packed))
    targets = [corpus.targets[n] for n in batch]
    loss = ctc_loss(logits.log_softmax(2),
                    torch.tensor([token for target in targets for token in target], dtype=torch.long,
                                 device=device), lengths,
                    torch.tensor([len(t) for t in targets]), reduction="sum", zero_infinity=True)
    return logits, lengths, loss


@torch.no_grad()
def transcribe(network, corpus, tokens, batch_size, device):
    """Hypotheses of all utterances, and the loss per character."""
    network.eval()
    texts, total = [""] * len(corpus), 0.0
    for batch in corpus.batches(batch_size):
        inputs = [corpus.features(n) for n in batch]
        logits, lengths, loss = logits_and_loss(network, corpus, batch, inputs, device)
        total += loss.item()
        for lane, n in enumerate(batch):
            texts[n] = greedy(logits[:lengths[lane], lane], tokens)
    return texts, total / corpus.characters()


class Trainer:
    """All that changes from epoch to epoch, and how it is kept in a checkpoint."""

    def __init__(self, network, options, model):
        self.network, self.options, self.model = network, options, model
        self.checkpoint = options.out + ".checkpoint"
        trained = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=options.rate)
        self.epoch, self.best, self.least_loss, self.waited = 0, None, float("inf"), 0

    def settings(self):
        """What must be the same when a run goes on."""
        free = ("out", "epochs", "device", "threads", "run", "verb")
        return {k: v for k, v in sorted(vars(self.options).items()) if k not in free}

    def save(self):
        state = {"settings": json.dumps(self.settings()), "epoch": self.epoch, "best": self.best,
                 "least_loss": self.least_loss, "waited": self.waited,
                 "network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        replace(self.checkpoint, lambda file: torch.save(state, file))

    def resume(self):
        if not os.path.exists(self.checkpoint):
            return
        state = torch.load(self.checkpoint, map_location="cpu")
        if json.loads(state["settings"]) != json.loads(json.dumps(self.settings())):
            fail(f"{self.checkpoint} was made with other options; delete it to start anew")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.best = state["epoch"], state["best"]
        self.least_loss, self.waited = state["least_loss"], state["waited"]
        print(f"going on after epoch {self.epoch}", flush=True)

    def train_epoch(self, corpus):
        """One pass; returns the loss per character."""
        options = self.options
        self.epoch += 1
        random = numpy.random.default_rng([options.seed, self.epoch])
        torch.manual_seed(int(random.integers(1 << 62)))  # dropout: the same after a restart
        self.network.train()
        total = 0.0
        for batch in corpus.batches(options.batch, random):
            inputs = [corpus.features(n, Augment(options, self.epoch, int(n))) for n in batch]
            _, _, loss = logits_and_loss(self.network, corpus, batch, inputs, options.device)
            self.optimizer.zero_grad()
            (loss / max(1, sum(len(corpus.targets[n]) for n in batch))).backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), options.clip)
            self.optimizer.step()
            total += loss.item()
        return total / corpus.characters()

    def judge(self, errors, loss):
        """Writes the model when it is the best so far: character errors, then loss."""
        if self.best is None or (errors["character_errors"], loss) < tuple(self.best):
            self.best = [errors["character_errors"], loss]
            write_model(self.options.out, self.model, self.network,
                        {"epoch": self.epoch, "seed": self.options.seed, "dev": errors})
        self.waited = 0 if loss < self.least_loss else self.waited + 1
        self.least_loss = min(self.least_loss, loss)
        if self.waited >= self.options.patience:
            self.waited = 0
            for group in self.optimizer.param_groups:
                group["lr"] /= 2


def describe(options, tokens):
    """The JSON of the model file."""
    frontend = default_frontend(
        options.frontend or {"blstm": "fbank", "deepspeech": "mfcc"}[options.network],
        options.sample_rate)
    inputs, outputs = width(frontend), len(tokens)
    layers = (blstm_layers(inputs, options.layers, options.cells, outputs)
              if options.network == "blstm" else
              deepspeech_layers(inputs, options.cells, outputs))
    return {"format": 1, "name": pathlib.Path(options.out).stem, "task": "ctc",
            "frontend": frontend, "tokens": tokens, "blank": 0, "layers": layers}


def count_errors(utterances, hypotheses):
    texts = [" ".join(u.text.split()) for u in utterances]
    pairs = list(zip(texts, hypotheses))
    return {"word_errors": sum(edits(a.split(), b.split()) for a, b in pairs),
            "words": sum(len(a.split()) for a in texts),
            "character_errors": sum(edits(a, b) for a, b in pairs),
            "characters": sum(map(len, texts))}


def train(options):
    options.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    utterances = [u for where in options.train for u in read_set(where)][:options.limit]
    dev_utterances = read_set(options.dev)
    texts = " ".join(u.text for u in utterances + dev_utterances)
    tokens = [BLANK] + sorted(set(texts) - set("\t\n\r"))
    model = describe(options, tokens)
    network = Network(model["layers"], options.dropout)
    trainer = Trainer(network.to(options.device), options, model)
    trainer.resume()
    corpus = Corpus(utterances, model["frontend"], tokens)
    dev = Corpus(dev_utterances, model["frontend"], tokens)
    print(f"{len(corpus)} utterances, {len(dev)} to choose on, {len(tokens)} characters, "
          f"{sum(p.numel() for p in network.parameters() if p.requires_grad)} weights", flush=True)
    while trainer.epoch < options.epochs:
        start = time.monotonic()
        loss = trainer.train_epoch(corpus)
        hypotheses, dev_loss = transcribe(network, dev, tokens, options.batch, options.device)
        errors = count_errors(dev_utterances, hypotheses)
        trainer.judge(errors, dev_loss)
        trainer.save()
        print(f"epoch {trainer.epoch}: loss {loss:.4f}, dev loss {dev_loss:.4f}, "
              f"{errors['word_errors']} of {errors['words']} words and "
              f"{errors['character_errors']} of {errors['characters']} characters wrong, "
              f"{time.monotonic() - start:.0f} s", flush=True)
    print(f"{options.out}: the best of {trainer.epoch} epochs, "
          f"{trainer.best[0]} characters wrong on --dev")


def check(options):
    """The greedy hypotheses of this program and of `edgeval run` are the same."""
    model, network = read_model(options.model)
    utterances = read_set(options.data)[:options.limit]
    corpus = Corpus([u._replace(text="") for u in utterances], model["frontend"], model["tokens"])
    texts, _ = transcribe(network, corpus, model["tokens"], options.batch, "cpu")
    where = ["--data", options.data]
    if not os.path.exists(options.data):
        path, _, split = options.data.rpartition(":")
        where = ["--data", path, "--split", split]
    with tempfile.TemporaryDirectory() as folder:
        command = [options.edgeval, "run", "--model", options.model, *where, "--limit",
                   str(len(utterances)), "--out", folder, "--quiet", "--no-cache"]
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            fail("this command failed:", *command)
        lines = (pathlib.Path(folder) / "utterances.jsonl").read_text("utf-8").splitlines()
    different = 0
    for utterance, text, other in zip(utterances, texts, map(json.loads, lines)):
        if text != other["hypothesis"]:
            different += 1
            print(f"{utterance.id}: PyTorch {text!r}, edgeval {other['hypothesis']!r}")
    print(f"{len(utterances)} utterances, {different} hypotheses differ")
    sys.exit(1 if different or len(lines) != len(utterances) else 0)


def add_train_options(verb):
    shown = {"metavar": "N", "type": int}
    verb.add_argument("--train", action="append", required=True, metavar="PATH[:SPLIT]",
                      help="manifest, folder of manifests or AN4 folder; may be repeated")
    verb.add_argument("--dev", required=True, metavar="PATH[:SPLIT]",
                      help="what the best epoch is chosen on; never a test set")
    verb.add_argument("--out", required=True, help="the model file; OUT.checkpoint lies beside it")
    verb.add_argument("--limit", help="only the first N training utterances", **shown)
    verb.add_argument("--network", choices=["blstm", "deepspeech"], default="blstm")
    verb.add_argument("--layers", default=3, help="of the blstm (3)", **shown)
    verb.add_argument("--cells", default=128, help="of each direction (128)", **shown)
    verb.add_argument("--frontend", choices=["fbank", "mfcc"], help="fbank for blstm, else mfcc")
    verb.add_argument("--sample-rate", default=16000, help="Hz (16000)", **shown)
    verb.add_argument("--epochs", default=60, help="in all; a finished run goes on with more (60)",
                      **shown)
    verb.add_argument("--batch", default=16, help="utterances (16)", **shown)
    verb.add_argument("--rate", type=float, default=1e-3, help="of Adam (0.001)")
    verb.add_argument("--patience", default=4, **shown,
                      help="epochs without a smaller dev loss until the rate is halved (4)")
    verb.add_argument("--clip", type=float, default=1.0, help="norm of the gradient (1)")
    verb.add_argument("--dropout", type=float, default=0.2, help="between layers (0.2)")
    verb.add_argument("--noise", type=float, metavar="DB",
                      help="adds white noise, DB to DB + 30 below the speech")
    verb.add_argument("--stretch", type=float, default=0.0, metavar="SHARE",
                      help="changes the frame rate by up to this share, for instance 0.15")
    verb.add_argument("--masks", default=0, help="bands of frequency and of time masked (0)",
                      **shown)
    verb.add_argument("--seed", default=1, **shown)
    verb.add_argument("--threads", default=1, **shown,
                      help="of the CPU; small networks gain nothing from more (1)")
    verb.add_argument("--device", choices=["cpu", "cuda"], help="cuda where there is one")
    verb.set_defaults(run=train)


def parse():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    add_train_options(verbs.add_parser("train", epilog=EXAMPLE, formatter_class=raw,
                                       help="train, or go on with a run that was stopped"))
    verb = verbs.add_parser("check", epilog=EXAMPLE, formatter_class=raw, help=check.__doc__)
    verb.add_argument("--model", required=True, help="a model file of LSTM and linear layers")
    verb.add_argument("--data", required=True, metavar="PATH[:SPLIT]")
    verb.add_argument("--limit", type=int, default=20, help="utterances (20)")
    verb.add_argument("--batch", type=int, default=16)
    verb.add_argument("--edgeval", default="build/edgeval", help="the program (build/edgeval)")
    verb.set_defaults(run=check)
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse()
    arguments.run(arguments)
