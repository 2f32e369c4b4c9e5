// How audio becomes features: the settings that a model file carries and the feature extractor
// obeys (docs/formats/model.md, "Front end"). The fields have the names of the JSON's keys.
#pragma once

#include <string>

namespace edgeval {

// How many frames are put before and after each frame, in time order. The JSON has a pair.
struct Splice {
  int before = 9;
  int after = 9;
};

struct FrontendConfig {
  std::string type = "fbank";  // fbank | mfcc
  int sample_rate = 16000;     // Hz
  double frame_ms = 25;
  double shift_ms = 10;
  int mel_bins = 40;
  double low_hz = 20;
  double high_hz = 8000;
  double preemphasis = 0.97;
  std::string window = "povey";
  double dither = 0;
  std::string cmvn = "utterance";  // none | utterance
  double cmvn_epsilon = 1e-5;

  // These are for fbank only.
  int deltas = 2;        // 0, 1 or 2 orders of deltas appended to the static features
  int delta_window = 2;  // K of the delta formula

  // These are for mfcc only.
  int cepstra = 26;  // number of cepstra, C0 among them
  int lifter = 22;   // L of the factors 1 + L/2 sin(pi k / L); 0 leaves the cepstra as they are
  Splice splice = {};
  int subsample = 2;  // one frame of this many is kept, from the first on

  bool is_mfcc() const { return type == "mfcc"; }
  int features() const {
    return is_mfcc() ? cepstra * (splice.before + 1 + splice.after) : mel_bins * (1 + deltas);
  }
};

}  // namespace edgeval
