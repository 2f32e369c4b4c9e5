// How audio becomes features: the settings a model file carries and the feature extractor obeys
// (docs/formats/model.md, "front end"). Field names are those of the JSON.
#pragma once

#include <string>

namespace edgeval {

// How many frames are put before and after each one, in time order; a pair in the JSON.
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

  // fbank only
  int deltas = 2;        // 0, 1 or 2 orders appended to the static features
  int delta_window = 2;  // K of the delta formula

  // mfcc only
  int cepstra = 26;  // C0 among them
  int lifter = 22;   // L of the factors 1 + L/2 sin(pi k / L); 0: none
  Splice splice = {};
  int subsample = 2;  // one frame of so many is kept, from the first on

  bool is_mfcc() const { return type == "mfcc"; }
  int features() const {
    return is_mfcc() ? cepstra * (splice.before + 1 + splice.after) : mel_bins * (1 + deltas);
  }
};

}  // namespace edgeval
