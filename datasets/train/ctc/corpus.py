"""Training and test sets for train_ctc.py: a manifest, a folder of manifests or AN4's folder, with
its audio in memory; and what may be changed of an utterance so that the network sees more of them.
"""
import json
import pathlib
import sys
import typing

import numpy
import torch

from ctc.features import from_log_mel, log_mel, read_audio


class Utterance(typing.NamedTuple):
    id: str
    audio: pathlib.Path
    text: str
    offset: float | None = None    # of the part of the audio that is meant, in seconds
    duration: float | None = None


def fail(*words):
    sys.exit("train_ctc.py: " + " ".join(str(word) for word in words))


def read_set(where):
    path, split = pathlib.Path(where), ""
    if not path.exists():
        name, _, split = where.rpartition(":")
        path = pathlib.Path(name)
    if not path.exists() or where.startswith(":"):
        fail(where, "is neither a path nor PATH:SPLIT")
    if (path / "etc").is_dir():
        return read_an4(path, split)
    if path.is_dir():
        lines = path / (split + ".jsonl")
        path = lines if lines.exists() else path / (split + ".json")
    return read_manifest(path)


def read_manifest(path):
    if not path.is_file():
        fail(path, "is no manifest; a folder of manifests wants PATH:SPLIT")
    entries = [json.loads(line) for line in path.read_text("utf-8-sig").split("\n") if line.strip()]
    return [listed(entry, path) for entry in entries]


def listed(entry, manifest):
    """An utterance of a manifest; without an id it is called by its audio file."""
    named = pathlib.Path(entry["audio_filepath"])
    beside = manifest.parent / named
    return Utterance(entry.get("id") or named.stem, beside if beside.exists() else named,
                     entry["text"], entry.get("offset"), entry.get("duration"))


def read_an4(folder, split):
    """`dev` is every 12th of the sorted training speakers, which `train` then leaves out."""
    listed = "train" if split == "dev" else split
    lists = folder / "etc" / f"an4_{listed}"
    if not lists.with_suffix(".fileids").is_file():
        fail(f"{folder}:{split}: AN4 has the splits train, dev and test")
    names = lists.with_suffix(".fileids").read_text().split()
    texts = {}
    for line in lists.with_suffix(".transcription").read_text().splitlines():
        words, _, name = line.strip().rpartition("(")
        texts[name.rstrip(")")] = " ".join(w for w in words.split() if w not in ("<s>", "</s>"))
    speaker = {name: name.split("/")[-2] for name in names}
    held_out = set(sorted(set(speaker.values()))[::12])
    if listed == "train":
        names = [name for name in names if (speaker[name] in held_out) == (split == "dev")]
    return [Utterance(name.split("/")[-1], folder / "wav" / (name + ".wav"),
                      texts[name.split("/")[-1]]) for name in names]


class Corpus:
    """Utterances with their audio in memory; features are computed when they are asked for."""

    def __init__(self, utterances, frontend, tokens):
        self.utterances, self.frontend = utterances, frontend
        ids = {token: i for i, token in enumerate(tokens)}
        self.targets = [[ids[c] for c in " ".join(u.text.split())] for u in utterances]
        try:
            self.audio = [read_audio(u.audio, frontend["sample_rate"], u.offset, u.duration)
                          for u in utterances]
        except (ValueError, RuntimeError) as error:  # soundfile's errors are RuntimeErrors
            fail(error)
        for utterance, samples in zip(utterances, self.audio):
            if len(log_mel(samples[:4000], frontend)) == 0:
                fail(f"{utterance.audio}: shorter than one frame")

    def __len__(self):
        return len(self.utterances)

    def characters(self):
        return max(1, sum(len(target) for target in self.targets))

    def features(self, n, augment=None):
        """[frames, width] of utterance n."""
        samples = self.audio[n]
        if augment:
            samples = augment.noise(samples)
        block = log_mel(samples, self.frontend)
        if augment:
            block = augment.mask(augment.stretch(block))
        return torch.from_numpy(from_log_mel(block, self.frontend))

    def batches(self, size, random=None):
        """Lists of utterances of about one length; with `random`, in another order each time."""
        length = numpy.array([len(samples) for samples in self.audio], float)
        if random is not None:
            length *= random.uniform(0.8, 1.25, len(length))
        order = numpy.argsort(-length, kind="stable")
        batches = [order[i:i + size] for i in range(0, len(order), size)]
        if random is not None:
            random.shuffle(batches)
        return batches


class Augment:
    """What is changed of one utterance in one epoch; the same for the same seed, epoch and n."""

    def __init__(self, options, epoch, n):
        self.options = options
        self.random = numpy.random.default_rng([options.seed, epoch, n])

    def noise(self, samples):
        """White noise, `--noise` dB below the speech or up to 30 dB less of it."""
        if self.options.noise is None:
            return samples
        below = self.options.noise + self.random.uniform(0, 30)
        level = samples.std() * 10 ** (-below / 20)
        return samples + (level * self.random.standard_normal(len(samples))).astype(numpy.float32)

    def stretch(self, block):
        """Another frame rate, up to the share `--stretch` slower or faster."""
        factor = 1 + self.random.uniform(-1, 1) * self.options.stretch
        frames = max(1, round(len(block) * factor))
        at = numpy.linspace(0, len(block) - 1, frames)
        low = at.astype(int)
        high = numpy.minimum(low + 1, len(block) - 1)
        return block[low] + (at - low)[:, None] * (block[high] - block[low])

    def mask(self, block):
        """Park et al. 2019: bands of frequency and of time are set to the mean."""
        block, mean = block.copy(), block.mean(axis=0)
        for _ in range(self.options.masks):
            bins = self.random.integers(0, 1 + block.shape[1] // 5)
            first = self.random.integers(0, block.shape[1] - bins + 1)
            block[:, first:first + bins] = mean[first:first + bins]
            frames = self.random.integers(0, 1 + min(30, len(block) // 8))
            first = self.random.integers(0, len(block) - frames + 1)
            block[first:first + frames] = mean
        return block
