// The start plan's decoder never leaves its bytes: whatever parse() takes can be walked with every accessor.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "runtime/stage/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace appliance::runtime::stage;
  const std::vector<char> bytes(data, data + size);  // of its own, so that the sanitizer sees each byte past the end
  Plan plan;
  if (Plan::parse({bytes.data(), bytes.size()}, plan) != nullptr) return 0;
  uint32_t cursor = 0;
  uint64_t sum = 0;
  for (Record r; plan.next(cursor, r);) {
    switch (shape_of(r.tag)) {
      case Shape::kU32:
        sum += r.u32();
        break;
      case Shape::kU64:
        sum += r.u64();
        break;
      case Shape::kText:
        sum += std::strlen(r.text());
        break;
      case Shape::kTexts2:
        sum += r.u32() + std::strlen(r.text(0)) + std::strlen(r.text(1));
        break;
      case Shape::kTexts3:
        sum += std::strlen(r.text(0)) + std::strlen(r.text(1)) + std::strlen(r.text(2));
        break;
      case Shape::kDevice:
        sum += r.u32(0) + r.u32(1) + r.u32(2) + std::strlen(r.text());
        break;
      case Shape::kBlob:
        for (uint32_t i = 0; i < r.size; ++i) sum += static_cast<unsigned char>(r.data[i]);
        break;
      case Shape::kUnknown:
        break;
    }
  }
  return sum == 0x123456789abcdefULL ? 1 : 0;  // the sum must be needed, or nothing is read
}
