// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 appendix B.4): the checksum of the store's log.
//
//   uint32_t crc = crypto::crc32c("123456789");          // 0xE3069283
//   crc = crypto::crc32c_extend(crc, more);              // the CRC of both in a row
#pragma once

#include <cstdint>
#include <string_view>

namespace appliance::crypto {

// CRC of what `crc` covered followed by `bytes`; start with 0. Uses SSE4.2 where the processor has it.
uint32_t crc32c_extend(uint32_t crc, std::string_view bytes);
inline uint32_t crc32c(std::string_view bytes) { return crc32c_extend(0, bytes); }

// The portable version alone; tests compare the two.
uint32_t crc32c_extend_portable(uint32_t crc, std::string_view bytes);

}  // namespace appliance::crypto
