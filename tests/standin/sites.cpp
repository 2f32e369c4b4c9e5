#include "tests/standin/sites.hpp"

#include <dlfcn.h>
#include <execinfo.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>

namespace edgeval::standin {
namespace {

constexpr int kFrames = 6;  // enough to leave the wrappers around CUDA's functions

class Sites {
 public:
  Sites() {
    if (const char* file = std::getenv("EDGEVAL_STANDIN_SITES")) file_ = file;
    if (const char* names = std::getenv("EDGEVAL_STANDIN_DROP")) {
      std::istringstream words(names);
      for (std::string word; words >> word;) dropped_.insert(word);
    }
  }
  ~Sites() {
    if (file_.empty()) return;
    std::ofstream file(file_, std::ios::app);
    for (const std::string& site : met_) file << site << '\n';
  }
  bool idle() const { return file_.empty() && dropped_.empty(); }
  bool meet(const std::string& site) {
    if (!file_.empty()) met_.insert(site);
    return dropped_.contains(site);
  }

 private:
  std::string file_;
  std::set<std::string> met_, dropped_;
};

Sites& sites() {
  static Sites all;
  return all;
}

const char* name_of(SiteKind kind) {
  return kind == SiteKind::kBarrier ? "barrier" : kind == SiteKind::kWait ? "wait" : "fill";
}

}  // namespace

bool dropped(SiteKind kind, const char* file, int line) {
  Sites& all = sites();
  if (all.idle()) return false;
  // Every thread meets a barrier, but the barrier is named once.
  static std::map<std::pair<const void*, int>, bool> known;
  const auto [at, fresh] = known.try_emplace({file, line}, false);
  if (fresh)
    at->second = all.meet(std::string(name_of(kind)) + "@" + file + ":" + std::to_string(line));
  return at->second;
}

bool dropped(SiteKind kind) {
  Sites& all = sites();
  if (all.idle()) return false;
  std::array<void*, kFrames + 2> stack{};
  const int frames = backtrace(stack.data(), static_cast<int>(stack.size()));
  std::string site = std::string(name_of(kind)) + "@";
  for (int i = 2; i < frames; ++i) {  // skips this function and the function of the runtime
    Dl_info from{};
    if (dladdr(stack[static_cast<std::size_t>(i)], &from) == 0) break;
    char text[32];
    std::snprintf(text, sizeof text, "%s%zx", i > 2 ? "," : "",
                  reinterpret_cast<std::size_t>(stack[static_cast<std::size_t>(i)]) -
                      reinterpret_cast<std::size_t>(from.dli_fbase));
    site += text;
  }
  return all.meet(site);
}

}  // namespace edgeval::standin
