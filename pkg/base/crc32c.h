// CRC-32C (Castagnoli), the checksum of the store's log: crc32c(crc32c(0, a), b) == crc32c(0, a + b).
// Uses the processor's instruction where there is one. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace appliance::base {

uint32_t crc32c(uint32_t seed, std::string_view bytes);
uint32_t crc32c_portable(uint32_t seed, std::string_view bytes);  // the table; what crc32c() is on other processors

}  // namespace appliance::base
