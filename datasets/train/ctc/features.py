#!/usr/bin/env python3
"""The front ends of docs/formats/features.md in numpy, for training: an implementation of its
own beside features.cpp, which the tests compare with it. Double precision, rounded to float32 at
the end.

    features.py '{"type": "mfcc", "sample_rate": 16000, ...}' AUDIO OUT

writes the features of an audio file as raw little-endian float32, frame by frame. Needs numpy and
soundfile.
"""
import json
import sys

import numpy
import soundfile

ENERGY_FLOOR = 1.1920929e-7


def default_frontend(kind, sample_rate):
    """What a model file says of its front end; `kind` is fbank or mfcc."""
    settings = {"type": kind, "sample_rate": sample_rate, "frame_ms": 25, "shift_ms": 10,
                "mel_bins": 40, "low_hz": 20, "high_hz": sample_rate // 2, "preemphasis": 0.97,
                "window": "povey", "dither": 0, "cmvn": "utterance", "cmvn_epsilon": 1e-5}
    if kind == "fbank":
        return {**settings, "deltas": 2, "delta_window": 2}
    return {**settings, "cepstra": 26, "lifter": 22, "splice": [9, 9], "subsample": 2}


def width(frontend):
    """Elements of a feature vector."""
    if frontend["type"] == "fbank":
        return frontend["mel_bins"] * (1 + frontend["deltas"])
    return frontend["cepstra"] * (1 + sum(frontend["splice"]))


def read_audio(path, sample_rate, offset=None, duration=None):
    """Samples in the 16-bit range, float32; one channel at `sample_rate`. A part in seconds is cut
    as edgeval cuts it (docs/formats/test-sets.md, "Manifest")."""
    with soundfile.SoundFile(path) as file:
        if file.channels != 1 or file.samplerate != sample_rate:
            raise ValueError(f"{path}: {file.channels} channels at {file.samplerate} Hz, "
                             f"must be one at {sample_rate} Hz")
        first = int((offset or 0) * sample_rate)
        wanted = int(duration * sample_rate) if duration else 0
        beyond = first + wanted - file.frames
        if (first > 0 and first >= file.frames) or (offset is not None and beyond > 0.01 * sample_rate):
            raise ValueError(f"{path}: a part of {duration} s from {offset} s on is not in it")
        file.seek(first)
        samples = file.read(wanted if duration else -1, dtype="float64")
    return (32768 * samples).astype(numpy.float32)


def mel(hertz):
    return 1127 * numpy.log(1 + hertz / 700)


def mel_triangles(frontend, lines):
    """Weights [lines, mel_bins]: each triangle rises over one step of the mel axis and falls over
    the next."""
    low = mel(frontend["low_hz"])
    step = (mel(frontend["high_hz"]) - low) / (frontend["mel_bins"] + 1)
    hertz = numpy.arange(lines) * (frontend["sample_rate"] / 2 / lines)
    position = (mel(hertz)[:, None] - low) / step - numpy.arange(frontend["mel_bins"])
    return numpy.maximum(0, numpy.minimum(position, 2 - position))


def log_mel(samples, frontend):
    """Samples -> [frames, mel_bins]; the frames that fit whole."""
    length = int(frontend["sample_rate"] * 0.001 * frontend["frame_ms"])
    shift = int(frontend["sample_rate"] * 0.001 * frontend["shift_ms"])
    if len(samples) < length:
        return numpy.zeros((0, frontend["mel_bins"]))
    frames = numpy.lib.stride_tricks.sliding_window_view(samples, length)[::shift]
    frames = frames.astype(numpy.float64)
    frames -= frames.mean(axis=1, keepdims=True)
    before = numpy.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    turn = 2 * numpy.pi * numpy.arange(length) / (length - 1)
    frames = (frames - frontend["preemphasis"] * before) * (0.5 - 0.5 * numpy.cos(turn)) ** 0.85
    padded = 1 << (length - 1).bit_length()
    power = numpy.abs(numpy.fft.rfft(frames, padded)[:, :-1]) ** 2
    energies = power @ mel_triangles(frontend, padded // 2)
    return numpy.log(numpy.maximum(energies, ENERGY_FLOOR))


def cepstra(block, frontend):
    """Log-mel [T, M] -> liftered DCT-II [T, cepstra]."""
    bins = frontend["mel_bins"]
    k = numpy.arange(frontend["cepstra"])
    cosines = numpy.cos(numpy.pi * numpy.outer(k, numpy.arange(bins) + 0.5) / bins)
    scale = numpy.sqrt(numpy.where(k == 0, 1, 2) / bins)
    if frontend["lifter"] > 0:
        scale = scale * (1 + frontend["lifter"] / 2 * numpy.sin(numpy.pi * k / frontend["lifter"]))
    return block @ (scale[:, None] * cosines).T


def shifted(block, offset):
    """Row t is row t + offset of the block; beyond an edge the edge."""
    return block[numpy.clip(numpy.arange(len(block)) + offset, 0, len(block) - 1)]


def delta(block, window):
    steps = range(1, window + 1)
    total = sum(k * (shifted(block, k) - shifted(block, -k)) for k in steps)
    return total / (2 * sum(k * k for k in steps))


def from_log_mel(block, frontend):
    """Log-mel [frames, mel_bins] -> float32 features [frames that are kept, width]."""
    if len(block) == 0:
        return numpy.zeros((0, width(frontend)), numpy.float32)
    if frontend["type"] == "mfcc":
        block = cepstra(block, frontend)
    if frontend["cmvn"] == "utterance":
        block = (block - block.mean(axis=0)) / (block.std(axis=0) + frontend["cmvn_epsilon"])
    if frontend["type"] == "mfcc":
        before, after = frontend["splice"]
        parts = [shifted(block, offset)[::frontend["subsample"]]
                 for offset in range(-before, after + 1)]
    else:
        parts = [block]
        for _ in range(frontend["deltas"]):
            parts.append(delta(parts[-1], frontend["delta_window"]))
    return numpy.concatenate(parts, axis=1).astype(numpy.float32)


def main():
    frontend, audio, out = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
    samples = read_audio(audio, frontend["sample_rate"], *map(float, sys.argv[4:]))
    from_log_mel(log_mel(samples, frontend), frontend).astype("<f4").tofile(out)


if __name__ == "__main__":
    main()
