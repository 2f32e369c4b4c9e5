#!/usr/bin/env python3
"""Trains an LSTM encoder-decoder with attention on any parallel corpus and writes edgeval's model
file. docs/training.md tells how. Needs torch (1.13 or later) and numpy.
"""
import argparse
import collections
import copy
import json
import math
import os
import pathlib
import sys
import time

import numpy
import torch
from torch.nn.functional import cross_entropy

from model_file import replace
from translation.corpus import Corpus, fail, padded, read_lines, read_pairs, source_ids
from translation.network import Network, describe, read_model, write_model
from translation.search import Beam, search
from translation.subwords import Vocabulary, learn, words_of

EXAMPLE = """examples (from the folder edgeval was cloned into; multi30k is the folder of that corpus):
  python3 datasets/train/train_translation.py train --lowercase source --out my.safetensors \\
      --train multi30k/train.en.gz multi30k/train.de.gz \\
      --dev multi30k/val.en.gz multi30k/val.de.gz
  python3 datasets/train/train_translation.py translate --model my.safetensors \\
      --source multi30k/test_2016_flickr.en.gz --beam 5 --out hypotheses.de
"""


def bleu(references, hypotheses):
    """Papineni et al. 2002 on lists of words, unsmoothed, in percent."""
    matches, totals = [0] * 4, [0] * 4
    for reference, hypothesis in zip(references, hypotheses):
        for n in range(1, 5):
            found, wanted = (collections.Counter(zip(*(words[i:] for i in range(n))))
                             for words in (hypothesis, reference))
            matches[n - 1] += sum((found & wanted).values())
            totals[n - 1] += sum(found.values())
    if min(matches) == 0:
        return 0.0
    lengths = [sum(map(len, side)) for side in (references, hypotheses)]
    brevity = min(0.0, 1 - lengths[0] / lengths[1])
    return 100 * math.exp(brevity + sum(math.log(m / t) for m, t in zip(matches, totals)) / 4)


def tensors_of(batch, pad, device):
    """Source [S, N], its lengths, and the target from <s> to </s> [T, N]."""
    sources, targets = zip(*batch)
    return (padded(sources, pad[0]).to(device), torch.tensor([len(s) for s in sources]),
            padded(targets, pad[1]).to(device))


def loss_of(network, batch, pad, options, smoothing):
    """Summed cross-entropy, and how many tokens it is of."""
    source, lengths, target = tensors_of(batch, pad, options.device)
    with torch.autocast(options.device, torch.bfloat16, network.training and options.bfloat16):
        logits = network(source, lengths, target[:-1])
    loss = cross_entropy(logits.float().flatten(0, 1), target[1:].flatten(), ignore_index=pad[1],
                         reduction="sum", label_smoothing=smoothing)
    return loss, sum(len(pair[1]) - 1 for pair in batch)


@torch.no_grad()
def evaluate(network, corpus, options):
    """Loss per token."""
    network.eval()
    total, tokens = 0.0, 0
    for batch in corpus.batches(options.batch):
        loss, count = loss_of(network, batch, corpus.pad, options, 0.0)
        total, tokens = total + loss.item(), tokens + count
    return total / max(1, tokens)


def translate_lines(network, lines, beam, batch, device):
    """The best hypothesis of each line and its text; an empty line's is empty."""
    network.eval()
    source, target = (Vocabulary(network.model[side]) for side in ("source", "target"))
    ids = [source_ids(source, line) for line in lines]
    texts, hypotheses = [""] * len(lines), [None] * len(lines)
    spoken = (n for n in range(len(lines)) if source.encode(lines[n]))
    order = sorted(spoken, key=lambda n: (-len(ids[n]), n))
    for start in range(0, len(order), batch):
        chosen = order[start:start + batch]
        found = search(network, padded([ids[n] for n in chosen], source.side["pad"]).to(device),
                       torch.tensor([len(ids[n]) for n in chosen]), beam)
        for n, hypothesis in zip(chosen, found):
            texts[n], hypotheses[n] = target.decode(hypothesis.ids), hypothesis
    return texts, hypotheses


class Trainer:
    """All that changes from epoch to epoch, and how it is kept in a checkpoint."""

    def __init__(self, options):
        self.options, self.checkpoint = options, options.out + ".checkpoint"
        self.epoch, self.updates, self.best = 0, 0, -1.0
        self.least_loss, self.waited = float("inf"), 0

    def settings(self):
        """What must be the same when a run goes on."""
        free = ("out", "epochs", "device", "threads", "run", "verb")
        return {k: v for k, v in sorted(vars(self.options).items()) if k not in free}

    def begin(self, make_model):
        """A new network, or the one of the checkpoint."""
        state = None
        if os.path.exists(self.checkpoint):
            state = torch.load(self.checkpoint, map_location="cpu")
            if json.loads(state["settings"]) != json.loads(json.dumps(self.settings())):
                fail(f"{self.checkpoint} was made with other options; delete it to start anew")
        self.model = json.loads(state["model"]) if state else make_model()
        self.network = Network(self.model, self.options.dropout).to(self.options.device)
        self.average = copy.deepcopy(self.network)
        self.trained = [p for p in self.network.parameters() if p.requires_grad]
        self.averaged = [p for p in self.average.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(self.trained, lr=self.options.rate)
        if state:
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.epoch, self.updates, self.best = state["epoch"], state["updates"], state["best"]
            self.least_loss, self.waited = state["least_loss"], state["waited"]
            print(f"going on after epoch {self.epoch}", flush=True)

    def save(self):
        state = {"settings": json.dumps(self.settings()), "model": json.dumps(self.model),
                 "epoch": self.epoch, "updates": self.updates, "best": self.best,
                 "least_loss": self.least_loss, "waited": self.waited,
                 "network": self.network.state_dict(), "average": self.average.state_dict(),
                 "optimizer": self.optimizer.state_dict()}
        replace(self.checkpoint, lambda file: torch.save(state, file))

    def train_epoch(self, corpus):
        """One pass; returns the smoothed loss per token."""
        options = self.options
        self.epoch += 1
        random = numpy.random.default_rng([options.seed, self.epoch])
        torch.manual_seed(int(random.integers(1 << 62)))  # dropout: the same after a restart
        self.network.train()
        total, tokens, start = 0.0, 0, time.monotonic()
        for n, batch in enumerate(corpus.batches(options.batch, random)):
            loss, count = loss_of(self.network, batch, corpus.pad, options, options.smoothing)
            self.optimizer.zero_grad(set_to_none=True)
            (loss / count).backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), options.clip)
            self.optimizer.step()
            self.update_average()
            total, tokens = total + loss.item(), tokens + count
            if (n + 1) % 50 == 0:
                print(f"  {n + 1} batches, loss {total / tokens:.4f}, "
                      f"{tokens / (time.monotonic() - start):.0f} tokens/s", flush=True)
        return total / tokens

    @torch.no_grad()
    def update_average(self):
        """Polyak averaging; at first over the few updates there are."""
        self.updates += 1
        kept = min(self.options.average, self.updates / (self.updates + 10))
        for mean, value in zip(self.averaged, self.trained):
            mean.lerp_(value, 1 - kept)

    def judge(self, score, loss):
        """Writes the model when it is the best so far; halves the rate when the loss has stopped
        falling."""
        if score > self.best:
            self.best = score
            write_model(self.options.out, self.average,
                        {"epoch": self.epoch, "seed": self.options.seed, "dev_bleu": score,
                         "dev_loss": loss})
        self.waited = 0 if loss < self.least_loss else self.waited + 1
        self.least_loss = min(self.least_loss, loss)
        if self.waited >= self.options.patience:
            self.waited = 0
            for group in self.optimizer.param_groups:
                group["lr"] /= 2


def make_model(options, sources, targets):
    vocabularies = [learn(lines, side in options.lowercase, options.split, options.merges)
                    for side, lines in (("source", sources), ("target", targets))]
    return {"format": 1, "name": pathlib.Path(options.out).stem, "task": "translation",
            **describe(*vocabularies, options)}


def train(options):
    options.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    sources, targets = (lines[:options.limit] for lines in read_pairs(*options.train))
    dev_sources, dev_targets = read_pairs(*options.dev)
    trainer = Trainer(options)
    trainer.begin(lambda: make_model(options, sources, targets))
    model = trainer.model
    vocabularies = Vocabulary(model["source"]), Vocabulary(model["target"])
    corpus = Corpus(sources, targets, *vocabularies, options.longest)
    dev = Corpus(dev_sources, dev_targets, *vocabularies, 10 ** 9)
    if len(corpus) == 0 or len(dev) == 0:
        fail("no sentence pairs to train on or to choose on")
    weights = sum(p.numel() for p in trainer.trained)
    print(f"{len(corpus)} sentence pairs, {len(dev)} to choose on, {len(vocabularies[0])} and "
          f"{len(vocabularies[1])} tokens, {weights} weights", flush=True)
    words = model["target"]["text"]
    references = [words_of(line, words) for line in dev_targets]
    while trainer.epoch < options.epochs:
        start = time.monotonic()
        loss = trainer.train_epoch(corpus)
        dev_loss = evaluate(trainer.average, dev, options)
        texts, _ = translate_lines(trainer.average, dev_sources, Beam(1), 128, options.device)
        score = bleu(references, [words_of(text, words) for text in texts])
        trainer.judge(score, dev_loss)
        trainer.save()
        print(f"epoch {trainer.epoch}: loss {loss:.4f}, dev loss {dev_loss:.4f}, "
              f"greedy BLEU {score:.2f}, {time.monotonic() - start:.0f} s", flush=True)
    print(f"{options.out}: the best of {trainer.epoch} epochs, greedy BLEU {trainer.best:.2f} "
          "on --dev")


def translate(options):
    """Translates a file, a sentence per line."""
    torch.set_num_threads(options.threads)
    network = read_model(options.model)
    beam = Beam(options.beam, options.penalty, options.alpha, options.longest)
    lines = read_lines(options.source)[:options.limit]
    start = time.monotonic()
    texts, hypotheses = translate_lines(network, lines, beam, options.batch, "cpu")
    seconds = time.monotonic() - start
    text = "".join(line + "\n" for line in texts).encode()
    if options.out:
        replace(options.out, lambda file: file.write(text))
    else:
        sys.stdout.buffer.write(text)
    found = [h for h in hypotheses if h]
    score, tokens = sum(h.log_probability for h in found), sum(len(h.ids) for h in found)
    print(f"{len(lines)} sentences, {tokens} tokens, {seconds:.2f} s, predicted perplexity "
          f"{math.exp(-score / max(1, tokens)):.4f}", file=sys.stderr)


def add_train_options(verb):
    shown = {"metavar": "N", "type": int}
    files = {"nargs": 2, "required": True, "metavar": ("SOURCE", "TARGET")}
    verb.add_argument("--train", help="two files of a sentence per line, .gz or not", **files)
    verb.add_argument("--dev", help="what the best epoch is chosen on; never a test set", **files)
    verb.add_argument("--out", required=True, help="the model file; OUT.checkpoint lies beside it")
    verb.add_argument("--limit", help="only the first N training pairs", **shown)
    verb.add_argument("--lowercase", nargs="*", choices=["source", "target"], default=[],
                      help="the sides whose capitals are given up")
    verb.add_argument("--split", choices=["punctuation", "space"], default="punctuation",
                      help="space for text that is tokenised already (punctuation)")
    verb.add_argument("--merges", default=4000, help="of the subwords of each side (4000)", **shown)
    verb.add_argument("--longest", default=60, help="tokens of a training sentence (60)", **shown)
    verb.add_argument("--embedding", default=224, help="width (224)", **shown)
    verb.add_argument("--cells", default=384, help="of the decoder; each direction of the encoder "
                      "has half (384)", **shown)
    verb.add_argument("--encoder-layers", default=1, help="bidirectional (1)", **shown)
    verb.add_argument("--decoder-layers", default=1, help="at most the encoder's (1)", **shown)
    verb.add_argument("--attention", choices=["dot", "general", "mlp"], default="general")
    verb.add_argument("--input-feeding", action="store_true",
                      help="the decoder also reads its last output; several times slower")
    verb.add_argument("--epochs", default=30, help="in all; a finished run goes on with more (30)",
                      **shown)
    verb.add_argument("--batch", default=1000, help="target tokens (1000)", **shown)
    verb.add_argument("--rate", type=float, default=2e-3, help="of Adam (0.002)")
    verb.add_argument("--patience", default=1, **shown,
                      help="epochs without a smaller dev loss until the rate is halved (1)")
    verb.add_argument("--average", type=float, default=0.998,
                      help="share of the running mean of the weights, which is what is written, "
                      "that an update keeps (0.998)")
    verb.add_argument("--clip", type=float, default=1.0, help="norm of the gradient (1)")
    verb.add_argument("--dropout", type=float, default=0.2,
                      help="of embeddings, between layers, around attention (0.2)")
    verb.add_argument("--smoothing", type=float, default=0.1, help="of the labels (0.1)")
    verb.add_argument("--bfloat16", action="store_true",
                      help="matrix products in bfloat16 while training; faster where the "
                      "processor has them")
    verb.add_argument("--seed", default=1, **shown)
    verb.add_argument("--threads", default=1, help="of the CPU (1)", **shown)
    verb.add_argument("--device", choices=["cpu", "cuda"], help="cuda where there is one")
    verb.set_defaults(run=train)


def add_translate_options(verb):
    shown = {"metavar": "N", "type": int}
    verb.add_argument("--model", required=True, help="a translation model's file")
    verb.add_argument("--source", required=True, help="a sentence per line, .gz or not")
    verb.add_argument("--out", help="else the translations are printed")
    verb.add_argument("--limit", help="only the first N sentences", **shown)
    verb.add_argument("--beam", default=5, help="width (5)", **shown)
    verb.add_argument("--penalty", choices=["none", "avg", "wu"], default="none",
                      help="finished hypotheses are compared by score over length's penalty (none)")
    verb.add_argument("--alpha", type=float, default=0.0, help="of wu (0)")
    verb.add_argument("--longest", default=100, help="tokens, the end included (100)", **shown)
    verb.add_argument("--batch", default=64, help="sentences (64)", **shown)
    verb.add_argument("--threads", default=1, help="of the CPU (1)", **shown)
    verb.set_defaults(run=translate)


def parse():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    add_train_options(verbs.add_parser("train", epilog=EXAMPLE, formatter_class=raw,
                                       help="train, or go on with a run that was stopped"))
    add_translate_options(verbs.add_parser("translate", epilog=EXAMPLE, formatter_class=raw,
                                           help=translate.__doc__))
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse()
    arguments.run(arguments)
