#include "host/import/source/imported.hpp"

#include "host/core/error.hpp"
#include "host/import/source/source_tensors.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {

void Imported::copy(SourceTensors& source, const std::string& from, const std::string& name,
                    const std::vector<Index>& shape, const std::string& done) {
  tensors.push_back({name, shape, source.take(from, shape)});
  add_ways(source, from, name, shape, done);
}

void Imported::add_ways(const SourceTensors& source, const std::string& from,
                        const std::string& name, const std::vector<Index>& shape,
                        const std::string& done) {
  const auto parts = source.parts(from);
  const std::string same = "as it is";
  const std::string rest = done.starts_with(same) ? done.substr(same.size()) : ", " + done;
  for (const auto& [part, part_shape] : parts)
    ways.push_back({part, shape_text(part_shape), name, shape_text(shape),
                    parts.size() == 1 ? done : concat("weight norm, g v / |v|", rest)});
}

std::string to_safetensors(const Imported& imported, const OrderedJson& origin) {
  OrderedJson header{
      {"__metadata__", {{"edgeval", imported.model.dump()}, {"import", origin.dump()}}}};
  std::size_t at = 0;
  for (const Imported::Tensor& tensor : imported.tensors) {
    const std::size_t end = at + tensor.values.size() * sizeof(float);
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  file.reserve(file.size() + text.size() + at);
  file += text;
  for (const Imported::Tensor& tensor : imported.tensors)
    file.append(reinterpret_cast<const char*>(tensor.values.data()),
                tensor.values.size() * sizeof(float));
  return file;
}

}  // namespace edgeval
