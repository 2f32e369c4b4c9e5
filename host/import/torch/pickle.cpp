#include "host/import/torch/pickle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"
#include "host/import/torch/pickle_stack.hpp"

namespace edgeval::pickle {
namespace {

// Names the opcodes that are known but refused, since they call by other ways than REDUCE, reach
// outside the pickle, or belong to protocol 0.
const char* refused_opcode(unsigned char op) {
  switch (op) {
    case 'i':
      return "INST, which calls a class by name";
    case 'o':
      return "OBJ, which calls a class by name";
    case 0x92:
      return "NEWOBJ_EX, which calls a class by name";
    case 0x82:
      return "EXT1, which calls what a program registered";
    case 0x83:
      return "EXT2, which calls what a program registered";
    case 0x84:
      return "EXT4, which calls what a program registered";
    case 'P':
      return "PERSID, a reference by text";
    case 0x97:
      return "NEXT_BUFFER of protocol 5";
    case 0x98:
      return "READONLY_BUFFER of protocol 5";
    case 'I':
    case 'L':
    case 'F':
    case 'S':
    case 'V':
    case 'g':
    case 'p':
    case 'd':
    case 'l':
      return "of text, from protocol 0";
    default:
      return nullptr;
  }
}

}  // namespace

// Runs the opcodes.
class Machine : PickleStack {
 public:
  Machine(std::string_view bytes, const std::string& place, Pickle::Knows knows, Pickle& out)
      : PickleStack(bytes, place, out.values_), knows_(knows), out_(out) {}

  void run() {
    for (;;) {
      const unsigned char op = opcode();
      if (op == '.') break;
      if (number(op) || text(op) || container(op) || object(op) || memory(op)) continue;
      const char* why = refused_opcode(op);
      expect(why != nullptr, "opcode ", int{op}, " is no opcode of a pickle");
      expect(false, "opcode ", why, ", is refused");
    }
    out_.root_ = pop();
    expect_empty();
    out_.size_ = read();
  }

 private:
  bool number(unsigned char op) {
    switch (op) {
      case 'N':
        push(Kind::kNone);
        return true;
      case 0x88:
        push(Kind::kBool).integer = 1;
        return true;
      case 0x89:
        push(Kind::kBool);
        return true;
      case 'J':
        push_integer(little<std::int32_t>());
        return true;
      case 'K':
        push_integer(byte());
        return true;
      case 'M':
        push_integer(little<std::uint16_t>());
        return true;
      case 0x8a:
        push_long(byte());
        return true;
      case 0x8b:
        push_long(little<std::uint32_t>());
        return true;
      case 'G': {  // big-endian
        std::array<char, 8> bytes;
        std::memcpy(bytes.data(), take(8).data(), 8);
        std::reverse(bytes.begin(), bytes.end());
        push(Kind::kReal).real = std::bit_cast<double>(bytes);
        return true;
      }
      default:
        return false;
    }
  }
  void push_integer(std::int64_t integer) { push(Kind::kInteger).integer = integer; }
  void push_long(std::uint64_t count) {  // two's complement
    const std::string_view bytes = take(count);
    if (count > 8) return push_text(Kind::kLong, bytes);
    std::uint64_t bits =
        count > 0 && static_cast<unsigned char>(bytes.back()) >= 0x80 ? ~std::uint64_t{0} : 0;
    std::memcpy(&bits, bytes.data(), count);
    push_integer(static_cast<std::int64_t>(bits));
  }

  bool text(unsigned char op) {
    switch (op) {
      case 'X':
        push_unicode(take(little<std::uint32_t>()));
        return true;
      case 0x8c:
        push_unicode(take(byte()));
        return true;
      case 0x8d:
        push_unicode(take(little<std::uint64_t>()));
        return true;
      case 'U':
        push_string(take(byte()));
        return true;
      case 'T':
        push_string(take(little<std::uint32_t>()));
        return true;
      case 'C':
        push_text(Kind::kBytes, take(byte()));
        return true;
      case 'B':
        push_text(Kind::kBytes, take(little<std::uint32_t>()));
        return true;
      case 0x8e:
      case 0x96:  // a bytearray
        push_text(Kind::kBytes, take(little<std::uint64_t>()));
        return true;
      default:
        return false;
    }
  }
  void push_unicode(std::string_view text) {
    expect(is_utf8(text), "a text is not UTF-8");
    push_text(Kind::kText, text);
  }
  // A str of Python 2 may be text or bytes.
  void push_string(std::string_view text) {
    push_text(is_utf8(text) ? Kind::kText : Kind::kBytes, text);
  }

  bool container(unsigned char op) {
    switch (op) {
      case '(':
        mark();
        return true;
      case ')':
        push(Kind::kTuple);
        return true;
      case ']':
        push(Kind::kList);
        return true;
      case '}':
        push(Kind::kDict);
        return true;
      case 0x8f:
        push(Kind::kSet);
        return true;
      case 0x85:
        push_tuple(1);
        return true;
      case 0x86:
        push_tuple(2);
        return true;
      case 0x87:
        push_tuple(3);
        return true;
      case 't':
        gather(Kind::kTuple);
        return true;
      case 0x91:
        gather(Kind::kSet);
        return true;
      case 'a':
        add({pop()}, {Kind::kList, Kind::kRecord});
        return true;
      case 'e':
        add(pop_to_mark(), {Kind::kList, Kind::kRecord});
        return true;
      case 0x90:
        add(pop_to_mark(), {Kind::kSet, Kind::kRecord});
        return true;
      case 's': {
        const Value* value = pop();
        const Value* key = pop();
        add({key, value}, {Kind::kDict, Kind::kRecord});
        return true;
      }
      case 'u':
        add(pop_to_mark(), {Kind::kDict, Kind::kRecord});
        return true;
      default:
        return false;
    }
  }
  void push_tuple(std::size_t count) {
    std::vector<const Value*> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push(Kind::kTuple).items = std::move(items);
  }
  void gather(Kind kind) {
    std::vector<const Value*> items = pop_to_mark();
    push(kind).items = std::move(items);
  }
  void add(const std::vector<const Value*>& items, std::initializer_list<Kind> kinds) {
    Value& target = top();
    expect(std::find(kinds.begin(), kinds.end(), target.kind) != kinds.end(), "items are put into ",
           described(target));
    const bool pairs = *kinds.begin() == Kind::kDict;
    expect(!pairs || items.size() % 2 == 0, "a key has no value");
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  bool object(unsigned char op) {
    switch (op) {
      case 'c': {
        const std::string_view module = line();
        push_global(module, line());
        return true;
      }
      case 0x93: {
        const Value* name = pop();
        const Value* module = pop();
        expect(name->kind == Kind::kText && module->kind == Kind::kText,
               "the name of a global is no text");
        push_global(module->text, name->text);
        return true;
      }
      case 'R':
        call("REDUCE");
        return true;
      case 0x81:
        call("NEWOBJ");
        return true;
      case 'b': {
        const Value* state = pop();
        Value& record = top();
        expect(record.kind == Kind::kRecord, "BUILD would change ", described(record));
        expect(record.state == nullptr, "BUILD for the second time on ", described(record));
        record.state = state;
        return true;
      }
      case 'Q': {
        const Value* id = pop();
        push(Kind::kPersistent).made_of = id;
        out_.persistent_.push_back(&top());
        return true;
      }
      default:
        return false;
    }
  }
  void push_global(std::string_view module, std::string_view name) {
    const std::string& whole = out_.names_.emplace_back(concat(module, ".", name));
    expect(is_utf8(whole), "the name of a global is not UTF-8");
    expect(knows_(whole), "names ", shown(whole),
           ", which is no plain data but a part of Python, numpy or torch that acts; nothing was "
           "run. If it is yours, save the state dict alone: torch.save(model.state_dict(), FILE)");
    push_text(Kind::kGlobal, whole);
  }
  void call(const char* opcode) {
    const Value* arguments = pop();
    const Value* callee = class_of(pop());
    expect(callee->kind == Kind::kGlobal, opcode, " would call ", described(*callee));
    expect(arguments->kind == Kind::kTuple, opcode, " of ", callee->text, " with ",
           described(*arguments), " for arguments");
    Value& record = push(Kind::kRecord);
    record.text = callee->text;
    record.made_of = arguments;
  }

  // Where an older torch.save put ("module", class, file, source) in the place of a module's class,
  // returns the class.
  static const Value* class_of(const Value* callee) {
    if (callee->kind != Kind::kPersistent) return callee;
    const std::vector<const Value*>& id = callee->made_of->items;
    const bool module = id.size() >= 2 && id[0]->kind == Kind::kText && id[0]->text == "module" &&
                        id[1]->kind == Kind::kGlobal;
    return module ? id[1] : callee;
  }

  bool memory(unsigned char op) {
    switch (op) {
      case 0x80: {
        const int protocol = byte();
        expect(protocol >= 2 && protocol <= 5, "protocol ", protocol, ", 2 to 5 are read");
        return true;
      }
      case 0x95: {
        const auto frame = little<std::uint64_t>();
        expect(frame <= left(), "a frame of ", frame, " bytes reaches beyond the file");
        return true;
      }
      case 'q':
        remember(byte());
        return true;
      case 'r':
        remember(little<std::uint32_t>());
        return true;
      case 0x94:
        remember_next();
        return true;
      case 'h':
        recall(byte());
        return true;
      case 'j':
        recall(little<std::uint32_t>());
        return true;
      case '0':
        pop();
        return true;
      case '1':
        pop_to_mark();
        return true;
      case '2':
        push_again(&top());
        return true;
      default:
        return false;
    }
  }

  Pickle::Knows knows_;
  Pickle& out_;
};

Pickle::Pickle(std::string_view bytes, const std::string& place, Knows knows) {
  Machine(bytes, place, knows, *this).run();
}

}  // namespace edgeval::pickle
