// A small accelerator whose prices can be worked out on paper, as the text of its file.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/layer/kinds.hpp"
#include "hwmodel/accelerator.hpp"

namespace edgeval::hw::test {

// The clock has 1 MHz; the memory draws 1 mW, the unit 2 mW.
inline const std::string kToy = R"(name: toy
description: one memory and one unit
source: made up
technology: {node_nm: 65, frequency_hz: 1e6, voltage: 1.1}
components:
  memory:
    notes: weights
    static_mw: {value: 1, source: made up}
    actions:
      read: {pj: 10, range: [5, 40], source: made up}
      fill: {pj: 3, source: made up}
  unit:
    static_mw: {value: 2, source: made up}
    actions:
      mac: {pj: 2, range: [1, 3], source: made up}
rules:
  - {count: weight_words.32, component: memory, action: read}
  - {count: sequences, component: memory, action: fill, times: weights + biases}
  - {count: macs.fp32, kind: lstm, component: unit, action: mac}
  - {count: macs.fp32, kind: linear, component: unit, action: mac, times: 1 / 2}
cycles:
  - {count: steps_run, kind: any, times: "max(outputs, 3) * gates"}
  - {count: inputs_changed, kind: linear}
free:
  steps: a sum
  steps_run: cycles only
  steps_skipped: nothing happens
  inputs: in the macs
  inputs_changed: in the macs
  recurrent_inputs: in the macs
  recurrent_inputs_changed: in the macs
  outputs: in the macs
  macs_dense: not work
  elementwise_multiplications: left out
  elementwise_additions: left out
  nonlinearities: left out
)";

// A file that the destructor removes.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& contents)
      : path_(std::filesystem::temp_directory_path() /
              ("edgeval_toy_" + std::to_string(::getpid()) + ".yaml")) {
    write_file(path_, contents);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Accelerator load_text(const std::string& contents) {
  return load_accelerator(TemporaryFile(contents).path(), kLayerKinds);
}

// Returns the toy with its first `from` replaced by `to`.
inline std::string toy_with(const std::string& from, const std::string& to) {
  std::string text = kToy;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

}  // namespace edgeval::hw::test
