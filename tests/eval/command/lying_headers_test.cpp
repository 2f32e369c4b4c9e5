// Memory is bounded by what a file's bytes can hold, not by what its header says. When the real
// program refuses headers that lie and small files that would unfold, it takes at most 64 MiB more
// than the same command takes to refuse a file that is not there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cstdint>

#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/address_space.hpp"
#include "tests/support/command.hpp"

namespace edgeval::test {
namespace {

using Arguments = std::vector<std::string>;

constexpr double kAllowed = 64;   // MiB
constexpr double kTrivial = 100;  // MiB that the program itself may take in any build
// The limit of memory with which a broken program fails before it brings down the machine.
constexpr rlim_t kMost = rlim_t{4} << 30;

struct Refusal {
  int code = -1;
  double peak = 0;  // MiB
};

// Runs the program without a shell, whose own memory would count.
Refusal refusal_of(const Arguments& arguments, const std::filesystem::path& folder) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no child");
  if (child == 0) {
    const rlimit limit{kMost, kMost};
    if (::setrlimit(RLIMIT_AS, &limit) != 0 || ::chdir(folder.c_str()) != 0) ::_exit(127);
    const int out = ::open("out.txt", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (const int stream : {1, 2}) ::dup2(out, stream);
    std::vector<char*> words{const_cast<char*>("edgeval")};
    for (const std::string& argument : arguments)
      words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    for (const char* folder : {"HOME", "XDG_CACHE_HOME"})
      ::unsetenv(folder);  // no features are kept
    ::execv(EDGEVAL_BINARY, words.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          static_cast<double>(usage.ru_maxrss) / 1024};
}

// Returns a little-endian number of 8 * `bytes` bits.
std::string number(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

// Returns `mebibytes` of one character, compressed. The text is never in memory as a whole, since a
// child starts with the memory of this process, which would hide what the child takes itself.
std::string packed(std::size_t mebibytes, char c) {
  const std::string part(std::size_t{1} << 20, c);
  std::string bytes((mebibytes + 1) << 12, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  for (std::size_t i = 0; i < mebibytes; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    deflate(&stream, Z_NO_FLUSH);
  }
  deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

class LyingHeaders : public ::testing::Test {
 protected:
  void SetUp() override { EDGEVAL_BOUNDS_ADDRESS_SPACE(); }

  // Runs a command that must refuse `name`, which replaces the word FILE.
  Refusal refuse(Arguments arguments, const std::string& name) const {
    for (std::string& argument : arguments)
      if (argument == "FILE") argument = name;
    return refusal_of(arguments, folder_.path());
  }

  void expect_small(const Arguments& arguments, const std::string& name, const std::string& bytes) {
    folder_.file(name, bytes);
    std::string command = command_line(arguments);
    if (!trivial_.contains(command)) trivial_[command] = refuse(arguments, "absent-" + name).peak;
    const Refusal refusal = refuse(arguments, name);
    const std::string said = read_file(folder_ / "out.txt");
    EXPECT_EQ(refusal.code, 1) << command << ' ' << name << '\n' << said;
    // Otherwise the refusal is about a mistake in the command.
    EXPECT_NE(said.find(name.substr(0, name.rfind(".jsonl"))), std::string::npos)
        << command << ' ' << name << '\n'
        << said;
    EXPECT_LE(refusal.peak, trivial_[command] + kAllowed) << command << ' ' << name;
  }

  // Expects the refusal of an audio file in a manifest to take little memory.
  void expect_audio_small(const std::string& name, const std::string& bytes) {
    folder_.file(name, bytes);
    expect_small({"run", "--model", spoken_model(), "--data", "FILE", "--hardware", "reuse32"},
                 name + ".jsonl", "{\"audio_filepath\": \"" + name + "\", \"text\": \"A\"}\n");
  }

  const DataFolder folder_;
  std::map<std::string, double> trivial_;  // MiB by command
};

TEST_F(LyingHeaders, OfAudio) {
  const std::string faults = (source_folder() / "tests/golden/cases/faults/").string();
  for (const char* name : {"flac_lie_2e31.flac", "flac_lie_2e36.flac"})
    expect_audio_small(name, read_file(faults + name));
  // 50,000,000 samples, which so many bytes could hold if they were silence: 150 MB of features.
  expect_audio_small("silence.flac", read_file(faults + "flac_lie_2e31.flac")
                                         .replace(21, 5, std::string("\xF0\x02\xFA\xF0\x80", 5)));
  const auto of = [&](int format) {
    return read_file(folder_.audio("made", {.samples = 20000, .format = format}));
  };
  std::string wav = of(SF_FORMAT_WAV | SF_FORMAT_PCM_16);
  expect_audio_small("data.wav", std::string(wav).replace(40, 4, number(0x7FFFEFFF, 4)));
  expect_audio_small("chunk.wav", std::string(wav).insert(36, "LIST" + number(0x7FFFFFF0, 4)));
  expect_audio_small("format.wav", std::string(wav).replace(16, 4, number(0x7FFFFFF0, 4)));
  std::string rf64 = of(SF_FORMAT_RF64 | SF_FORMAT_PCM_16);
  const std::size_t ds64 = rf64.find("ds64") + 8;
  for (const std::uint64_t length : {std::uint64_t{1} << 40, ~std::uint64_t{0}})
    expect_audio_small("rf64.wav", std::string(rf64).replace(ds64 + 8, 8, number(length, 8)));
  // The first has a block of metadata of 16 MB, the second a length of 36 ones.
  const std::string flac = of(SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  expect_audio_small("block.flac", std::string(flac).replace(43, 3, 3, '\xFF'));
  expect_audio_small("long.flac", std::string(flac).replace(22, 4, 4, '\xFF'));
  const std::string ogg = of(SF_FORMAT_OGG | SF_FORMAT_VORBIS);
  expect_audio_small("granule.ogg",
                     std::string(ogg).replace(ogg.rfind("OggS") + 6, 8, number(1ULL << 60, 8)));
}

std::string safetensors(const std::string& header, std::uint64_t length) {
  return number(length, 8) + header;
}

TEST_F(LyingHeaders, OfModels) {
  const Arguments run{"run", "--model", "FILE", "--data", spoken_data()};
  const Arguments import{"import", "--model", "FILE", "--out", "m.safetensors"};
  const auto tensor = [](const std::string& shape, const std::string& offsets) {
    const std::string header =
        "{\"__metadata__\": {\"edgeval\": \"{}\"}, \"a\": {\"dtype\": \"F32\", \"shape\": " +
        shape + ", \"data_offsets\": " + offsets + "}}";
    return safetensors(header, header.size()) + std::string(16, '\0');
  };
  for (const Arguments& command : {run, import}) {
    expect_small(command, "length.safetensors", safetensors("{}", 99'999'999));
    expect_small(command, "most.safetensors", safetensors("{}", ~std::uint64_t{0}));
    expect_small(command, "shape.safetensors", tensor("[1099511627776, 4]", "[0, 16]"));
    expect_small(command, "overflow.safetensors", tensor("[4294967296, 4294967296]", "[0, 16]"));
    expect_small(command, "offsets.safetensors", tensor("[4]", "[0, 17592186044416]"));
    const std::string deep = "{\"a\": " + std::string(1'000'000, '[');
    expect_small(command, "deep.safetensors", safetensors(deep, deep.size()));
  }
}

struct Member {
  std::string name, bytes;
  std::uint32_t stored = 0, unpacked = 0;  // sizes that the headers claim
  std::uint16_t method = 0;
};

Member whole(const std::string& name, const std::string& bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  return {name, bytes, size, size};
}

std::string zip_of(const std::vector<Member>& members) {
  std::string file, directory;
  for (const Member& member : members) {
    const auto crc =
        static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(member.bytes.data()),
                                           static_cast<uInt>(member.bytes.size())));
    const std::string fields = number(0, 2) + number(member.method, 2) + number(0, 4) +
                               number(crc, 4) + number(member.stored, 4) +
                               number(member.unpacked, 4) + number(member.name.size(), 2) +
                               number(0, 2);
    directory += "PK\1\2" + number(20, 2) + number(20, 2) + fields + number(0, 10) +
                 number(file.size(), 4) + member.name;
    file += "PK\3\4" + number(20, 2) + fields + member.name + member.bytes;
  }
  return file + directory + "PK\5\6" + number(0, 4) + number(members.size(), 2) +
         number(members.size(), 2) + number(directory.size(), 4) + number(file.size(), 4) +
         number(0, 2);
}

std::string stored(const std::string& pickle) {
  return zip_of({whole("a/data.pkl", pickle), whole("a/data/0", std::string(16, '\0'))});
}

TEST_F(LyingHeaders, OfCheckpoints) {
  const Arguments import{"import", "--model", "FILE", "--out", "m.safetensors"};
  const std::string none = "\x80\x02N.";
  for (const std::uint32_t size : {0x7FFFFFFFu, 0xFFFFFFF0u}) {
    expect_small(import, "size.pt", zip_of({{"a/data.pkl", none, size, size}}));
    expect_small(import, "unpacked.pt", zip_of({{"a/data.pkl", none, 4, size}}));
  }
  const std::string zeros = packed(256, '\0');
  expect_small(
      import, "bomb.pt",
      zip_of({{"a/data.pkl", zeros, static_cast<std::uint32_t>(zeros.size()), 1 << 28, 8}}));
  // LONG4, BINUNICODE, BINUNICODE8, BINBYTES, BINBYTES8, BYTEARRAY8, FRAME, and places of the memo.
  const std::string opcodes[] = {"\x8B" + number(0x7FFFFFFF, 4), "X" + number(0x7FFFFFFF, 4),
                                 "\x8D" + number(1ULL << 40, 8), "B" + number(0x7FFFFFFF, 4),
                                 "\x8E" + number(1ULL << 40, 8), "\x96" + number(1ULL << 40, 8),
                                 "\x95" + number(1ULL << 40, 8), "Nr" + number(0x7FFFFFFF, 4)};
  for (const std::string& opcode : opcodes) {
    expect_small(import, "opcode.pt", stored("\x80\x04" + opcode + "."));
    expect_small(import, "opcode.pkl", "\x80\x04" + opcode + ".");
  }
  // Each tuple holds the one before twice, which makes 2^60 leaves in 240 bytes.
  std::string twice = "\x80\x02)q" + number(0, 1);
  for (int i = 1; i < 60; ++i)
    twice += "h" + number(i - 1, 1) + "h" + number(i - 1, 1) + "\x86q" + number(i, 1);
  expect_small(import, "twice.pt", stored(twice + "."));
  expect_small(import, "marks.pt", stored("\x80\x02" + std::string(1'000'000, '(') + "."));
  expect_small(import, "nested.pt",
               stored("\x80\x02" + std::string(100'000, ']') + std::string(99'999, 'a') + "."));
}

// Returns a state dict with one tensor of this size and these strides on a storage of four floats.
std::string tensor_pickle(const std::string& size, const std::string& stride) {
  const auto text = [](const std::string& word) { return "X" + number(word.size(), 4) + word; };
  return "\x80\x02}" + text("fc.weight") + "ctorch._utils\n_rebuild_tensor_v2\n((" +
         text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\x04tQK" +
         number(0, 1) + size + stride + "\x89}tRs.";
}

TEST_F(LyingHeaders, OfTensorsOfCheckpoints) {
  const Arguments import{"import", "--model", "FILE",         "--describe",
                         "d.json", "--out",   "m.safetensors"};
  folder_.file("d.json", R"({"task": "ctc", "frontend": {"type": "fbank", "mel_bins": 40},
      "tokens": ["a", "b"], "blank": 0, "layers": [{"from": "fc", "name": "out"}]})");
  const std::string large = "J" + number(0x7FFFFFFF, 4), one = "K\x01",
                    none = std::string("K\0", 2);
  expect_small(import, "huge.pt",
               stored(tensor_pickle(large + large + "\x86", large + one + "\x86")));
  expect_small(import, "still.pt",
               stored(tensor_pickle(large + one + "\x86", none + one + "\x86")));
}

TEST_F(LyingHeaders, OfYaml) {
  std::string aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    aliases += name + ": &" + name + " [";
    for (int k = 0; k < 10; ++k) aliases += (k > 0 ? ", " : "") + before;
    aliases += "]\n";
  }
  for (const std::string option : {"--policy", "--hardware"}) {
    const Arguments run{"run", "--model", spoken_model(), "--data", spoken_data(), option, "FILE"};
    expect_small(run, "comma.yaml", ",");
    expect_small(run, "closed.yaml", "{a: 1},");
    expect_small(run, "aliases.yaml", aliases);
    for (const char open : {'[', '{'})
      expect_small(run, "deep.yaml", "a: " + std::string(130'000, open));
    expect_small(run, "large.yaml", std::string(4'000'000, '['));
    expect_small(run, "dashes.yaml", [] {
      std::string text;
      for (int i = 0; i < 20'000; ++i) text += "- ";
      return text;
    }());
  }
}

TEST_F(LyingHeaders, OfJson) {
  const std::string arrays(1'000'000, '['), objects = [] {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += "{\"a\":";
    return text;
  }();
  for (const std::string& deep : {arrays, objects}) {
    expect_small({"run", "--model", spoken_model(), "--data", "FILE"}, "manifest.jsonl",
                 "{\"audio_filepath\": " + deep + "\n");
    expect_small({"run", "--model", spoken_model(), "--data", spoken_data(), "--profile", "FILE"},
                 "ranges.json", deep);
    expect_small({"energy", "--report", "FILE", "--hardware", "reuse32"}, "energy.json", deep);
    expect_small({"compare", "FILE", "FILE"}, "results.jsonl", deep);
    expect_small({"import", "--model", (source_folder() / "tests/data/import/lstm.pt").string(),
                  "--describe", "FILE", "--out", "m.safetensors"},
                 "layers.json", deep);
    expect_small({"score", "--reference", "FILE", "--hypothesis", "FILE", "--input-format", "nemo"},
                 "words.jsonl", "{\"text\": " + deep + "\n");
  }
}

// The texts have 128 MiB of empty lines, or of letters.
TEST_F(LyingHeaders, OfPackedTexts) {
  const std::string model =
                        (source_folder() / "datasets/captions/multi30k-en-de.safetensors").string(),
                    captions = (source_folder() / "datasets/captions/captions.en").string();
  const std::vector<Arguments> commands{
      {"score", "--reference", "FILE", "--hypothesis", "FILE", "--text-budget", "100"},
      {"compare", "FILE", "FILE", "--reference", "FILE", "--text-budget", "100"},
      {"profile", "--model", model, "--data", "FILE", "--text-budget", "100"},
      {"run", "--model", model, "--data", captions, "--reference", "FILE", "--text-budget", "100"}};
  const std::string lines = packed(128, '\n'), letters = packed(128, 'a');
  for (const Arguments& command : commands) expect_small(command, "text.gz", lines);
  expect_small(commands[0], "letters.gz", letters);
  // This file has many members, one after the other, and none has a text.
  std::string members;
  for (int i = 0; i < 10'000; ++i) members += packed(0, 'a');
  expect_small(commands[0], "empty.gz", members);
}

}  // namespace
}  // namespace edgeval::test
