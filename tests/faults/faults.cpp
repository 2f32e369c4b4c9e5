// A library for LD_PRELOAD that makes calls of a program fail, each kind of call counted from the
// start of main.
//
//   EDGEVAL_FAULTS="KIND:N:ACTION[:on]", several with a comma between
//     KIND    alloc, write, fsync, rename, open (for writing), mkdir, close, unlink, read, thread;
//             exchange: calls of rename that exchange two names; change: any of write, fsync,
//             rename, open, mkdir, close and unlink
//     N       number of the call, from 1; with :on the call and all that follow it
//     ACTION  a number: the call fails with this errno; short: the call writes or reads only half
//             of the bytes; kill: the process is killed before the call
//   EDGEVAL_FAULTS_DELAY=MICROSECONDS  pauses before every change, for at most this time
//   EDGEVAL_FAULTS_SHOW=1  writes the callers of an allocation that fails to standard error
//   EDGEVAL_FAULTS_COUNT=FILE  writes at the end lines "KIND CALLS", and "alloc-site N LIBRARY"
//             for the first allocation of every chain of callers and the library it comes from
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace {

enum Kind {
  kAlloc,
  kWrite,
  kFsync,
  kRename,
  kOpen,
  kMkdir,
  kClose,
  kUnlink,
  kRead,
  kThread,
  kExchange,
  kChange,
  kKinds
};
constexpr const char* kNames[kKinds] = {"alloc", "write",  "fsync", "rename", "open",     "mkdir",
                                        "close", "unlink", "read",  "thread", "exchange", "change"};

constexpr int kShort = -1, kKill = -2, kNone = 0;  // actions beside numbers of errors

struct Fault {
  Kind kind;
  long call;
  int action;
  bool on;
};

constexpr int kMostFaults = 8;
Fault faults[kMostFaults];
int fault_count = 0;
long delay = 0;  // microseconds
bool shows = false;
const char* count_file = nullptr;
std::atomic<bool> armed{false};
std::atomic<long> calls[kKinds];
std::atomic<std::uint32_t> randomness{12345};
thread_local bool inside = false;  // whether this library's own work is being done

template <class Function>
Function real(Function, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}
#define EDGEVAL_REAL(name) static const auto original = real(&name, #name)

int action_of(const char* text) {
  if (strncmp(text, "short", 5) == 0) return kShort;
  if (strncmp(text, "kill", 4) == 0) return kKill;
  return atoi(text);
}

void read_faults(const char* text) {
  while (text != nullptr && *text != '\0' && fault_count < kMostFaults) {
    for (int kind = 0; kind < kKinds; ++kind) {
      const size_t length = strlen(kNames[kind]);
      if (strncmp(text, kNames[kind], length) != 0 || text[length] != ':') continue;
      char* rest = nullptr;
      const long call = strtol(text + length + 1, &rest, 10);
      const char* end = strchr(rest, ',');
      const char* on = strstr(rest, ":on");
      faults[fault_count++] = {static_cast<Kind>(kind), call, action_of(rest + 1),
                               on != nullptr && (end == nullptr || on < end)};
      break;
    }
    text = strchr(text, ',');
    if (text != nullptr) ++text;
  }
}

// Counts a call and returns what is to be done with it.
int fate(Kind kind) {
  const long call = ++calls[kind];
  for (int i = 0; i < fault_count; ++i)
    if (faults[i].kind == kind &&
        (call == faults[i].call || (faults[i].on && call > faults[i].call))) {
      if (faults[i].action == kKill) kill(getpid(), SIGKILL);
      return faults[i].action;
    }
  return kNone;
}

int fate_of_change(Kind kind) {
  if (!armed || inside) return kNone;
  if (delay > 0) {
    const std::uint32_t drawn = randomness = randomness * 1664525u + 1013904223u;
    usleep(static_cast<useconds_t>((drawn >> 8) % static_cast<std::uint32_t>(delay)));
  }
  const int of_kind = fate(kind), of_change = fate(kChange);
  return of_kind != kNone ? of_kind : of_change;
}

// Whether the call fails. An action `short` does not make calls fail that cannot be short.
bool fails(int fate) {
  if (fate <= 0) return false;
  errno = fate;
  return true;
}

// Chains of callers that have allocated. A sweep need only try the first allocation of each.
constexpr std::uint32_t kSites = 1 << 18;
std::uint64_t* sites = nullptr;  // hashes of the chains; null where they are not counted
long* site_calls = nullptr;
const char** site_files = nullptr;

// Returns the file of the first caller that is neither in this library nor in the C or C++ library:
// the program, or a library that it uses. What the C++ library alone asks for is the program's.
const char* file_of(void* const* chain, int depth) {
  Dl_info own, info;
  if (dladdr(reinterpret_cast<void*>(&file_of), &own) == 0) return "none";
  for (int i = 0; i < depth; ++i) {
    if (dladdr(chain[i], &info) == 0 || info.dli_fbase == own.dli_fbase) continue;
    // The C library ends a process that has no memory for the destructor of a thread's variable.
    if (info.dli_sname != nullptr && strcmp(info.dli_sname, "__cxa_thread_atexit_impl") == 0)
      return "libc.so.6";
    const char* slash = strrchr(info.dli_fname, '/');
    const char* name = slash == nullptr ? info.dli_fname : slash + 1;
    if (strncmp(name, "libc.", 5) != 0 && strncmp(name, "libstdc++.", 10) != 0 &&
        strncmp(name, "ld-linux", 8) != 0)
      return name;
  }
  return "none";
}

void note_site(long call) {
  void* chain[48];
  const int depth = backtrace(chain, 48);
  std::uint64_t hash = 1469598103934665603u;
  for (int i = 2; i < depth; ++i)
    hash = (hash ^ reinterpret_cast<std::uint64_t>(chain[i])) * 1099511628211u;
  for (std::uint32_t at = static_cast<std::uint32_t>(hash >> 40) % kSites, tries = 0;
       tries < kSites; ++tries, at = (at + 1) % kSites) {
    if (sites[at] == hash) return;
    if (sites[at] != 0) continue;
    sites[at] = hash;
    site_calls[at] = call;
    site_files[at] = file_of(chain, depth);
    return;
  }
}

void show_callers() {
  void* chain[48];
  backtrace_symbols_fd(chain, backtrace(chain, 48), STDERR_FILENO);
}

bool allocation_fails() {
  if (!armed || inside) return false;
  inside = true;
  const int now = fate(kAlloc);
  if (sites != nullptr) note_site(calls[kAlloc]);
  if (now > 0 && shows) show_callers();
  inside = false;
  if (now <= 0) return false;
  errno = ENOMEM;
  return true;
}

__attribute__((constructor)) void begin() {
  read_faults(getenv("EDGEVAL_FAULTS"));
  if (const char* text = getenv("EDGEVAL_FAULTS_DELAY")) delay = atol(text);
  randomness = static_cast<std::uint32_t>(getpid()) * 2654435761u;
  shows = getenv("EDGEVAL_FAULTS_SHOW") != nullptr;
  count_file = getenv("EDGEVAL_FAULTS_COUNT");
  if (count_file == nullptr) return;
  void* chain[4];
  backtrace(chain, 4);  // the first call loads a library
  sites = static_cast<std::uint64_t*>(__libc_calloc(kSites, sizeof *sites));
  site_calls = static_cast<long*>(__libc_calloc(kSites, sizeof *site_calls));
  site_files = static_cast<const char**>(__libc_calloc(kSites, sizeof *site_files));
}

__attribute__((destructor)) void end() {
  armed = false;
  if (count_file == nullptr) return;
  FILE* file = fopen(count_file, "w");
  if (file == nullptr) return;
  for (int kind = 0; kind < kKinds; ++kind)
    fprintf(file, "%s %ld\n", kNames[kind], calls[kind].load());
  for (std::uint32_t i = 0; i < kSites; ++i)
    if (sites[i] != 0) fprintf(file, "alloc-site %ld %s\n", site_calls[i], site_files[i]);
  fclose(file);
}

int (*program)(int, char**, char**) = nullptr;
int armed_main(int argc, char** argv, char** environment) {
  armed = true;
  return program(argc, argv, environment);
}

bool is_for_writing(int flags) { return (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0; }
bool is_for_writing(const char* mode) { return strpbrk(mode, "wa+") != nullptr; }

// Returns how many bytes a write or read may handle, or -1 when it fails.
ssize_t bytes_left(int fate, size_t count) {
  if (fails(fate)) return -1;
  return static_cast<ssize_t>(fate == kShort && count > 1 ? count / 2 : count);
}

int fate_of_read() { return armed && !inside ? fate(kRead) : kNone; }

}  // namespace

extern "C" {

int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void* stack_end) {
  using Start = int (*)(int (*)(int, char**, char**), int, char**, void (*)(void), void (*)(void),
                        void (*)(void), void*);
  program = main;
  const auto start = reinterpret_cast<Start>(dlsym(RTLD_NEXT, "__libc_start_main"));
  return start(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}

void* malloc(size_t size) { return allocation_fails() ? nullptr : __libc_malloc(size); }
void* calloc(size_t count, size_t size) {
  return allocation_fails() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  return allocation_fails() ? nullptr : __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  return allocation_fails() ? nullptr : __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** to, size_t alignment, size_t size) {
  void* memory = memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *to = memory;
  return 0;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) {
  EDGEVAL_REAL(pthread_create);
  if (armed && !inside && fate(kThread) > 0) return EAGAIN;
  return original(thread, attributes, run, argument);
}

ssize_t write(int file, const void* bytes, size_t count) {
  EDGEVAL_REAL(write);
  const ssize_t some = bytes_left(fate_of_change(kWrite), count);
  return some < 0 ? -1 : original(file, bytes, static_cast<size_t>(some));
}
ssize_t pwrite(int file, const void* bytes, size_t count, off_t at) {
  EDGEVAL_REAL(pwrite);
  const ssize_t some = bytes_left(fate_of_change(kWrite), count);
  return some < 0 ? -1 : original(file, bytes, static_cast<size_t>(some), at);
}
ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t at) {
  return pwrite(file, bytes, count, at);
}
ssize_t writev(int file, const struct iovec* parts, int count) {
  EDGEVAL_REAL(writev);
  const int now = fate_of_change(kWrite);
  if (fails(now)) return -1;
  return original(file, parts, now == kShort && count > 1 ? 1 : count);
}

ssize_t read(int file, void* bytes, size_t count) {
  EDGEVAL_REAL(read);
  const ssize_t some = bytes_left(fate_of_read(), count);
  return some < 0 ? -1 : original(file, bytes, static_cast<size_t>(some));
}
ssize_t pread(int file, void* bytes, size_t count, off_t at) {
  EDGEVAL_REAL(pread);
  const ssize_t some = bytes_left(fate_of_read(), count);
  return some < 0 ? -1 : original(file, bytes, static_cast<size_t>(some), at);
}
ssize_t pread64(int file, void* bytes, size_t count, off64_t at) {
  return pread(file, bytes, count, at);
}

int fsync(int file) {
  EDGEVAL_REAL(fsync);
  return fails(fate_of_change(kFsync)) ? -1 : original(file);
}
int fdatasync(int file) {
  EDGEVAL_REAL(fdatasync);
  return fails(fate_of_change(kFsync)) ? -1 : original(file);
}

// A failing close also frees the descriptor, as it does on Linux.
int close(int file) {
  EDGEVAL_REAL(close);
  const int now = fate_of_change(kClose);
  const int closed = original(file);
  return fails(now) ? -1 : closed;
}

#define EDGEVAL_OPEN(name, before, pass)                                                       \
  int name(before const char* path, int flags, ...) {                                          \
    EDGEVAL_REAL(name);                                                                        \
    va_list rest;                                                                              \
    va_start(rest, flags);                                                                     \
    const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : mode_t{0}; \
    va_end(rest);                                                                              \
    if (is_for_writing(flags) && fails(fate_of_change(kOpen))) return -1;                      \
    return original(pass path, flags, mode);                                                   \
  }
#define EDGEVAL_NOTHING
#define EDGEVAL_FOLDER int folder,
#define EDGEVAL_PASS folder,
EDGEVAL_OPEN(open, EDGEVAL_NOTHING, EDGEVAL_NOTHING)
EDGEVAL_OPEN(open64, EDGEVAL_NOTHING, EDGEVAL_NOTHING)
EDGEVAL_OPEN(openat, EDGEVAL_FOLDER, EDGEVAL_PASS)
EDGEVAL_OPEN(openat64, EDGEVAL_FOLDER, EDGEVAL_PASS)
FILE* fopen(const char* path, const char* mode) {
  EDGEVAL_REAL(fopen);
  return is_for_writing(mode) && fails(fate_of_change(kOpen)) ? nullptr : original(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  EDGEVAL_REAL(fopen64);
  return is_for_writing(mode) && fails(fate_of_change(kOpen)) ? nullptr : original(path, mode);
}

int mkdir(const char* path, mode_t mode) {
  EDGEVAL_REAL(mkdir);
  return fails(fate_of_change(kMkdir)) ? -1 : original(path, mode);
}
int mkdirat(int folder, const char* path, mode_t mode) {
  EDGEVAL_REAL(mkdirat);
  return fails(fate_of_change(kMkdir)) ? -1 : original(folder, path, mode);
}
char* mkdtemp(char* path) {
  EDGEVAL_REAL(mkdtemp);
  return fails(fate_of_change(kMkdir)) ? nullptr : original(path);
}

int rename(const char* from, const char* to) {
  EDGEVAL_REAL(rename);
  return fails(fate_of_change(kRename)) ? -1 : original(from, to);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  EDGEVAL_REAL(renameat);
  return fails(fate_of_change(kRename)) ? -1 : original(from_folder, from, to_folder, to);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  EDGEVAL_REAL(renameat2);
  const int of_exchange = armed && (flags & RENAME_EXCHANGE) != 0 ? fate(kExchange) : kNone;
  if (fails(of_exchange) || fails(fate_of_change(kRename))) return -1;
  return original(from_folder, from, to_folder, to, flags);
}

int unlink(const char* path) {
  EDGEVAL_REAL(unlink);
  return fails(fate_of_change(kUnlink)) ? -1 : original(path);
}
int unlinkat(int folder, const char* path, int flags) {
  EDGEVAL_REAL(unlinkat);
  return fails(fate_of_change(kUnlink)) ? -1 : original(folder, path, flags);
}
int rmdir(const char* path) {
  EDGEVAL_REAL(rmdir);
  return fails(fate_of_change(kUnlink)) ? -1 : original(path);
}
int remove(const char* path) {
  EDGEVAL_REAL(remove);
  return fails(fate_of_change(kUnlink)) ? -1 : original(path);
}
}
