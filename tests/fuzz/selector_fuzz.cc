// fuzz: deps=api
// Label and field selectors: whatever parses must print as something that parses to the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "orchestrator/api/selector.h"

using namespace appliance::orchestrator::api;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto kTable = builtin_kinds();
  if (auto labels = LabelSelector::parse(text)) {
    (void)labels->matches({{"a", "b"}, {"app", "web"}});
    auto again = LabelSelector::parse(labels->string());
    if (!again || again->string() != labels->string()) std::abort();
  }
  if (auto fields = FieldSelector::parse(*kTable->find("", "v1", "pods"), text)) (void)fields->pinned("metadata.name");
  return 0;
}
