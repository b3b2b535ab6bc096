// fuzz: deps=api
// The YAML reader under its limits; what it reads, the writer must write so that it reads back the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/yaml/yaml.h"

using namespace appliance;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> duplicates;
  auto all = yaml::parse_all(text);
  auto one = yaml::parse(text, {}, &duplicates);
  if (one && !all) std::abort();
  if (!one) return 0;
  auto again = yaml::parse(yaml::emit(*one), {.bytes_max = 64U << 20U, .depth_max = 128});
  if (!again || *again != *one) std::abort();
  return 0;
}
