// fuzz: sources=pkg/base/yaml/yaml.cc pkg/base/yaml/emit.cc pkg/base/yaml/scalar.cc pkg/base/json/json.cc
// fuzz: sources=pkg/base/strings.cc pkg/base/error.cc pkg/base/check.cc
// fuzz: libs=yaml-cpp boost_json
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
  const std::string text_again = yaml::emit(*one);
  auto again = yaml::parse(text_again, {.bytes_max = 64U << 20U, .depth_max = 128});
  if (!again || yaml::emit(*again) != text_again) std::abort();  // by text: 1.0 is written, and read back, as 1
  return 0;
}
