#include "host/import/torch/globals.hpp"

#include <algorithm>
#include <array>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// These lists are words between spaces.
constexpr std::string_view kPlain =
    " collections.OrderedDict collections.defaultdict collections.Counter collections.deque"
    " argparse.Namespace types.SimpleNamespace functools.partial _codecs.encode"
    " copyreg._reconstructor copy_reg._reconstructor datetime.datetime datetime.date"
    " datetime.time datetime.timedelta datetime.timezone decimal.Decimal fractions.Fraction"
    " uuid.UUID pathlib.Path pathlib.PosixPath pathlib.WindowsPath pathlib.PurePath"
    " pathlib.PurePosixPath pathlib.PureWindowsPath numpy.dtype numpy.ndarray"
    " numpy.core.multiarray.scalar numpy._core.multiarray.scalar"
    " numpy.core.multiarray._reconstruct numpy._core.multiarray._reconstruct numpy.bool_"
    " numpy.float16 numpy.float32 numpy.float64 numpy.int8 numpy.int16 numpy.int32 numpy.int64"
    " numpy.uint8 numpy.uint16 numpy.uint32 numpy.uint64 torch.Size torch.device torch.Tensor"
    " torch.Generator torch.float16 torch.float32 torch.float64 torch.bfloat16 torch.int8"
    " torch.int16 torch.int32 torch.int64 torch.uint8 torch.bool torch.complex64"
    " torch.complex128 torch.qint8 torch.quint8 torch.qint32 torch.per_tensor_affine"
    " torch.per_channel_affine torch.float8_e4m3fn torch.float8_e5m2 torch.uint16 torch.uint32"
    " torch.uint64 torch.strided torch.contiguous_format torch.storage.TypedStorage"
    " torch.storage.UntypedStorage torch.storage._TypedStorage torch.storage._UntypedStorage"
    " torch._tensor._rebuild_from_type_v2 ";

// The allowed names of builtins, which Python 2 calls __builtin__. getattr stands before the name
// of an enumeration's member; its result is never called (pickle.cpp).
constexpr std::string_view kPlainBuiltins =
    " dict list tuple set frozenset int long float str unicode bool complex object bytes"
    " bytearray slice range getattr ";

// The beginnings of names of classes, such as modules and optimizers, and of functions that put a
// tensor together.
constexpr std::array kPlainParts{"torch.nn.", "torch.optim.", "torch.distributions.",
                                 "torch._utils._rebuild_", "numpy.random._pickle."};

// Top-level modules of Python's own library (3.11, and some of Python 2), to which those with an
// underscore in front belong, too, and tools that load code.
constexpr std::string_view kNotOfUsers =
    " StringIO __builtin__ __future__ abc aifc antigravity argparse array ast asynchat asyncio"
    " asyncore atexit audioop base64 bdb binascii bisect builtins bz2 cPickle cProfile"
    " cStringIO calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys"
    " commands compileall concurrent configparser contextlib contextvars copy copy_reg copyreg"
    " crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest"
    " email encodings ensurepip enum errno exceptions faulthandler fcntl filecmp fileinput"
    " fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib"
    " grp gzip hashlib heapq hmac html http httplib idlelib imaplib imghdr imp importlib"
    " inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma"
    " mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing"
    " netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev"
    " pathlib pdb pickle pickletools pipes pkgutil platform plistlib popen2 poplib posix"
    " posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue"
    " quopri random re readline reprlib resource rlcompleter runpy sched secrets select"
    " selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd"
    " sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct"
    " subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile"
    " termios textwrap this thread threading time timeit tkinter token tokenize tomllib trace"
    " traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib"
    " urllib2 uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml"
    " xmlrpc zipapp zipfile zipimport zlib zoneinfo cloudpickle dill joblib numpy pip"
    " pkg_resources setuptools torch ";

bool contains(std::string_view list, std::string_view name) {
  return list.find(concat(" ", name, " ")) != std::string_view::npos;
}

bool is_identifier(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '.' || c >= 0x80;
  });
}

// Whether this is a class such as torch.FloatStorage or, in older files, torch.cuda.FloatStorage.
bool is_storage(std::string_view global) {
  const std::size_t name = global.starts_with("torch.cuda.") ? 11 : 6;
  return global.starts_with("torch.") && global.ends_with("Storage") &&
         global.find('.', name) == std::string_view::npos;
}

}  // namespace

bool is_plain_global(std::string_view global) {
  if (!is_identifier(global)) return false;
  for (const std::string_view module : {"builtins.", "__builtin__."})
    if (global.starts_with(module)) return contains(kPlainBuiltins, global.substr(module.size()));
  if (contains(kPlain, global) || is_storage(global)) return true;
  if (std::any_of(kPlainParts.begin(), kPlainParts.end(),
                  [&](std::string_view part) { return global.starts_with(part); }))
    return true;
  const std::string_view top = global.substr(0, global.find('.'));
  const bool main = top == "__main__";
  return !top.empty() && (main || top[0] != '_') && !contains(kNotOfUsers, top);
}

}  // namespace edgeval
