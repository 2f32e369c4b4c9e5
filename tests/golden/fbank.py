#!/usr/bin/env python3
"""Makes fbank.json: log-mel filter banks of a few real utterances by kaldi-native-fbank, an
independent implementation of Kaldi's, for tests/datasets/features_test.cpp to compare with. Per
utterance: the number of frames, six whole frames and the sums of each bin over all frames.
Needs: pip install kaldi-native-fbank soundfile.

    fbank.py SPOKEN_FOLDER AN4_FOLDER > fbank.json
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
BINS = 40


def log_mel(path):
    samples, rate = soundfile.read(path, dtype="int16")
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0
    options.frame_opts.snip_edges = True
    options.frame_opts.window_type = "povey"
    options.mel_opts.num_bins = BINS
    options.mel_opts.low_freq = 20
    options.mel_opts.high_freq = 8000
    extractor = kaldi_native_fbank.OnlineFbank(options)
    extractor.accept_waveform(rate, samples.astype(numpy.float32))
    extractor.input_finished()
    return numpy.array([extractor.get_frame(t) for t in range(extractor.num_frames_ready)])


def golden(name, folder, path):
    features = log_mel(pathlib.Path(folder) / path).astype(numpy.float64)
    chosen = numpy.linspace(0, len(features) - 1, 6).astype(int)
    return {"set": name, "audio": path, "frames": len(features),
            "sums": [round(x, 4) for x in features.sum(axis=0)],
            "rows": [{"frame": int(t), "values": [round(x, 6) for x in features[t]]}
                     for t in chosen]}


spoken_folder, an4_folder = sys.argv[1:]
utterances = [golden("spoken", spoken_folder, path) for path in SPOKEN]
utterances += [golden("an4", an4_folder, path) for path in AN4]
version = importlib.metadata.version("kaldi-native-fbank")
print('{"made_by": "fbank.py with kaldi-native-fbank %s",\n "utterances": [' % version)
print(",\n".join(json.dumps(utterance) for utterance in utterances))
print("]}")
