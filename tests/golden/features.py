#!/usr/bin/env python3
"""Makes fbank.json and mfcc.json: log-mel filter banks and liftered cepstra of a few real utterances
by kaldi-native-fbank, an independent implementation of Kaldi's, for tests/datasets/audio/features_test.cpp
to compare with. Per utterance: the number of frames, six whole frames and the sums of each element
over all frames. Needs: pip install kaldi-native-fbank soundfile.

    features.py fbank|mfcc SPOKEN_FOLDER AN4_FOLDER > fbank.json|mfcc.json
"""
import importlib.metadata
import json
import pathlib
import sys

import kaldi_native_fbank
import numpy
import soundfile

SPOKEN = ["test/test0000.flac", "test/test0047.flac", "test/test0119.flac"]
AN4 = ["wav/an4test_clstk/fcaw/an406-fcaw-b.wav", "wav/an4test_clstk/mmxg/cen8-mmxg-b.wav"]


def extractor(kind, rate):
    options = (kaldi_native_fbank.FbankOptions() if kind == "fbank" else
               kaldi_native_fbank.MfccOptions())
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0
    options.frame_opts.snip_edges = True
    options.frame_opts.window_type = "povey"
    options.mel_opts.num_bins = 40
    options.mel_opts.low_freq = 20
    options.mel_opts.high_freq = 8000
    if kind == "fbank":
        return kaldi_native_fbank.OnlineFbank(options)
    options.num_ceps = 26
    options.cepstral_lifter = 22
    options.use_energy = False  # C0 stays what the transform gives
    return kaldi_native_fbank.OnlineMfcc(options)


def features(kind, path):
    samples, rate = soundfile.read(path, dtype="int16")
    source = extractor(kind, rate)
    source.accept_waveform(rate, samples.astype(numpy.float32))
    source.input_finished()
    return numpy.array([source.get_frame(t) for t in range(source.num_frames_ready)])


def golden(kind, name, folder, path):
    frames = features(kind, pathlib.Path(folder) / path).astype(numpy.float64)
    chosen = numpy.linspace(0, len(frames) - 1, 6).astype(int)
    return {"set": name, "audio": path, "frames": len(frames),
            "sums": [round(x, 4) for x in frames.sum(axis=0)],
            "rows": [{"frame": int(t), "values": [round(x, 6) for x in frames[t]]}
                     for t in chosen]}


kind, spoken_folder, an4_folder = sys.argv[1:]
utterances = [golden(kind, "spoken", spoken_folder, path) for path in SPOKEN]
utterances += [golden(kind, "an4", an4_folder, path) for path in AN4]
version = importlib.metadata.version("kaldi-native-fbank")
print(f'{{"made_by": "features.py with kaldi-native-fbank {version}",\n "utterances": [')
print(",\n".join(json.dumps(utterance) for utterance in utterances))
print("]}")
