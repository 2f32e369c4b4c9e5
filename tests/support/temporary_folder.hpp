// A temporary folder for one test, which is removed with the object.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"

namespace edgeval::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = ::testing::TempDir() + "edgeval-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + " cannot be made");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  // Writes a new file into the folder and returns its path.
  std::filesystem::path file(const std::string& name, std::string_view contents) const {
    write_file(path_ / name, contents);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace edgeval::test
