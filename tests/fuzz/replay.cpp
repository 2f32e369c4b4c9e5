// Replays files through a fuzz target without libFuzzer: fuzz_replay TARGET FILE|FOLDER... Fails
// when no file was replayed. A finding ends the program after the name of its file was printed.
#include "tests/fuzz/replay.hpp"

#include <algorithm>
#include <iostream>

#include "tests/fuzz/fuzz.hpp"

// Mutators call this function, but nothing calls mutators in this program.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t*, std::size_t size, std::size_t) {
  return size;
}

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(int count, char** names) {
  std::vector<fs::path> files;
  for (int i = 0; i < count; ++i) {
    if (!fs::is_directory(names[i])) {
      files.push_back(fs::absolute(names[i]));
      continue;
    }
    for (const auto& entry : fs::directory_iterator(names[i]))
      files.push_back(fs::absolute(entry.path()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  using edgeval::fuzz::kTargets;
  const std::string_view name = argc < 2 ? "" : argv[1];
  const auto target = std::ranges::find(
      kTargets, name, [](const auto& each) { return std::string_view(each.name); });
  if (target == kTargets.end()) {
    std::cerr << "fuzz_replay TARGET FILE|FOLDER...; targets:";
    for (const auto& known : kTargets) std::cerr << ' ' << known.name;
    std::cerr << '\n';
    return 1;
  }
  const std::vector<fs::path> files = files_of(argc - 2, argv + 2);
  for (const fs::path& file : files) {
    std::cout << file.filename().string() << std::endl;
    const std::string bytes = edgeval::read_file(file);
    target->run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::cout << target->name << ": " << files.size() << " inputs\n";
  return files.empty() ? 1 : 0;
}
