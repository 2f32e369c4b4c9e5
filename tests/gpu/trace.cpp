// A recorder: a library that CUDA loads into a program where CUDA_INJECTION64_PATH names it. When
// the program ends it writes what the device and the CUDA calls of the host took to the file that
// EDGEVAL_TRACE names (else trace.tsv), a line each:
//
//   kernel  begin  end  stream  name         in nanoseconds of one clock
//   copy    begin  end  stream  kind and bytes; filling memory ("set") is a copy, too
//   call    begin  end  thread  name
//
// tests/gpu/trace.py adds them up. Beside the clock of the program itself it says what bounds a
// run: the device, copies, or the host.
#include <cupti.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Line {
  const char* kind;
  unsigned long long begin, end;
  unsigned where, name;
};

std::mutex mutex;
std::vector<Line> lines;
std::vector<std::string> names;
std::unordered_map<std::string, unsigned> number_of;

void check(CUptiResult result, const char* call) {
  if (result == CUPTI_SUCCESS) return;
  const char* why = "";
  cuptiGetResultString(result, &why);
  std::fprintf(stderr, "gpu_trace: %s: %s\n", call, why);
  std::exit(1);
}
#define EDGEVAL_CUPTI(call) check((call), #call)

unsigned named(const std::string& name) {
  const auto [at, fresh] = number_of.emplace(name, static_cast<unsigned>(names.size()));
  if (fresh) names.push_back(name);
  return at->second;
}

void keep(const CUpti_Activity* record) {
  switch (record->kind) {
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL: {
      const auto* kernel = reinterpret_cast<const CUpti_ActivityKernel10*>(record);
      lines.push_back(
          {"kernel", kernel->start, kernel->end, kernel->streamId, named(kernel->name)});
      return;
    }
    case CUPTI_ACTIVITY_KIND_MEMCPY: {
      const auto* copy = reinterpret_cast<const CUpti_ActivityMemcpy6*>(record);
      const char* kind = copy->copyKind == CUPTI_ACTIVITY_MEMCPY_KIND_HTOD   ? "to_device "
                         : copy->copyKind == CUPTI_ACTIVITY_MEMCPY_KIND_DTOH ? "from_device "
                                                                             : "on_device ";
      lines.push_back({"copy", copy->start, copy->end, copy->streamId,
                       named(kind + std::to_string(copy->bytes))});
      return;
    }
    case CUPTI_ACTIVITY_KIND_MEMSET: {
      const auto* set = reinterpret_cast<const CUpti_ActivityMemset4*>(record);
      lines.push_back({"copy", set->start, set->end, set->streamId,
                       named("set " + std::to_string(set->bytes))});
      return;
    }
    case CUPTI_ACTIVITY_KIND_RUNTIME: {
      const auto* call = reinterpret_cast<const CUpti_ActivityAPI*>(record);
      const char* name = "";
      cuptiGetCallbackName(CUPTI_CB_DOMAIN_RUNTIME_API, call->cbid, &name);
      lines.push_back({"call", call->start, call->end, call->threadId, named(name)});
      return;
    }
    default:
      return;
  }
}

void CUPTIAPI give(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
  *size = std::size_t{4} << 20;
  *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(8, *size));
  *most_records = 0;
}

void CUPTIAPI take(CUcontext context, std::uint32_t stream, std::uint8_t* buffer, std::size_t,
                   std::size_t valid) {
  const std::scoped_lock lock(mutex);
  CUpti_Activity* record = nullptr;
  while (cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS) keep(record);
  std::size_t dropped = 0;
  if (cuptiActivityGetNumDroppedRecords(context, stream, &dropped) == CUPTI_SUCCESS && dropped > 0)
    std::fprintf(stderr, "gpu_trace: %zu records are missing\n", dropped);
  std::free(buffer);
}

void write() {
  cuptiActivityFlushAll(1);
  const std::scoped_lock lock(mutex);
  const char* path = std::getenv("EDGEVAL_TRACE");
  std::FILE* file = std::fopen(path != nullptr ? path : "trace.tsv", "w");
  if (file == nullptr) {
    std::perror("gpu_trace");
    return;
  }
  for (const Line& line : lines)
    std::fprintf(file, "%s\t%llu\t%llu\t%u\t%s\n", line.kind, line.begin, line.end, line.where,
                 names[line.name].c_str());
  std::fclose(file);
}

}  // namespace

extern "C" int InitializeInjection() {
  std::atexit(write);
  EDGEVAL_CUPTI(cuptiActivityRegisterCallbacks(give, take));
  for (const CUpti_ActivityKind kind :
       {CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, CUPTI_ACTIVITY_KIND_MEMCPY,
        CUPTI_ACTIVITY_KIND_MEMSET, CUPTI_ACTIVITY_KIND_RUNTIME})
    EDGEVAL_CUPTI(cuptiActivityEnable(kind));
  return 1;
}
