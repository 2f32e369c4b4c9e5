#include "host/model/frontend_file.hpp"

#include <cmath>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Kaldi's defaults, except that dither is 0 where Kaldi has 1. What Kaldi leaves to other programs
// (normalisation, deltas, splicing) is off.
OrderedJson defaults(const std::string& type, double sample_rate) {
  OrderedJson json{{"type", type},    {"sample_rate", 16000}, {"frame_ms", 25},
                   {"shift_ms", 10},  {"mel_bins", 23},       {"low_hz", 20},
                   {"high_hz", 8000}, {"preemphasis", 0.97},  {"window", "povey"},
                   {"dither", 0},     {"cmvn", "none"},       {"cmvn_epsilon", 1e-5}};
  const double half = sample_rate / 2;
  if (half == std::trunc(half) && half < 1e6)
    json["high_hz"] = static_cast<int>(half);  // so that it is written as 8000, not 8000.0
  else
    json["high_hz"] = half;
  if (type == "mfcc")
    json.update({{"cepstra", 13}, {"lifter", 22}, {"splice", {0, 0}}, {"subsample", 1}});
  else
    json.update({{"deltas", 0}, {"delta_window", 2}});
  return json;
}

std::vector<std::string> keys_of(const std::string& type) {
  std::vector<std::string> keys;
  const OrderedJson all = defaults(type, 16000);
  for (const auto& [key, value] : all.items()) keys.push_back(key);
  return keys;
}

Splice read_splice(const Fields& fields) {
  const Json& frames = fields.array("splice");
  const auto fits = [](const Json& n) { return n.is_number_integer() && n >= 0 && n <= 100; };
  EDGEVAL_EXPECTS(frames.size() == 2 && fits(frames[0]) && fits(frames[1]), fields.place(),
                  ": splice must be two whole numbers of frames, before and after, in [0, 100]");
  return {frames[0].get<int>(), frames[1].get<int>()};
}

// Reads the keys one after the other. A range that depends on a key which is wrong is not checked.
class FrontendReader {
 public:
  FrontendReader(Fields fields, Problems& problems)
      : fields_(std::move(fields)), problems_(problems) {}

  FrontendConfig read(const std::string& type) {
    config_.type = type;
    const bool rate = integer("sample_rate", config_.sample_rate, 1000, 384000);
    const double sample_ms = rate ? 1000.0 / config_.sample_rate : 0;
    number("frame_ms", config_.frame_ms, 2 * sample_ms, 1000);
    number("shift_ms", config_.shift_ms, sample_ms, 1000);
    const bool bins = integer("mel_bins", config_.mel_bins, 1, 1000);
    const double nyquist = rate ? config_.sample_rate / 2.0 : 384000;
    const bool high = number("high_hz", config_.high_hz, 0, nyquist);
    const bool low = number("low_hz", config_.low_hz, 0, nyquist);
    if (low && high)
      problems_.check([&] {
        EDGEVAL_EXPECTS(config_.low_hz < config_.high_hz, fields_.place(), ": low_hz is ",
                        config_.low_hz, ", must be below high_hz, which is ", config_.high_hz);
      });
    number("preemphasis", config_.preemphasis, 0, 1);
    problems_.check([&] { config_.window = fields_.choice("window", {"povey"}); });
    number("dither", config_.dither, 0, 0);  // noise would make every run different
    problems_.check([&] { config_.cmvn = fields_.choice("cmvn", {"none", "utterance"}); });
    number("cmvn_epsilon", config_.cmvn_epsilon, 1e-30, 1);
    if (config_.is_mfcc()) {
      integer("cepstra", config_.cepstra, 1, bins ? config_.mel_bins : 1000);
      integer("lifter", config_.lifter, 0, 1000);
      problems_.check([&] { config_.splice = read_splice(fields_); });
      integer("subsample", config_.subsample, 1, 100);
    } else {
      integer("deltas", config_.deltas, 0, 2);
      integer("delta_window", config_.delta_window, 1, 100);
    }
    return config_;
  }

 private:
  bool integer(const char* key, int& value, Index low, Index high) {
    return problems_.check([&] { value = static_cast<int>(fields_.integer(key, low, high)); });
  }
  bool number(const char* key, double& value, double low, double high) {
    return problems_.check([&] { value = fields_.number(key, low, high); });
  }

  Fields fields_;
  Problems& problems_;
  FrontendConfig config_;
};

}  // namespace

FrontendConfig read_frontend(const Json& json, const std::string& place, Problems& problems) {
  std::string type;
  const bool known = problems.check([&] {
    const Fields fields(json, place);
    type = fields.choice("type", {"fbank", "mfcc"});
  });
  if (!known) return {};
  problems.expect_only(json, place, keys_of(type));
  return FrontendReader(Fields(json, place), problems).read(type);
}

OrderedJson complete_frontend(const OrderedJson& given, OrderedJson& filled_in) {
  const auto text = [&](const char* key, const std::string& otherwise) {
    return given.contains(key) && given[key].is_string() ? given[key].get<std::string>()
                                                         : otherwise;
  };
  const bool rated = given.contains("sample_rate") && given["sample_rate"].is_number();
  const double rate = rated ? given["sample_rate"].get<double>() : 16000;
  const OrderedJson all = defaults(text("type", "fbank"), rate);
  OrderedJson whole = OrderedJson::object();
  for (const auto& [key, value] : all.items()) {
    const bool is_given = given.contains(key);
    whole[key] = is_given ? given[key] : value;
    if (!is_given) filled_in[key] = value;
  }
  for (const auto& [key, value] : given.items())
    if (!whole.contains(key)) whole[key] = value;
  return whole;
}

}  // namespace edgeval
