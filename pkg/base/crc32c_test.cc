#include "base/crc32c.h"

#include <string>

#include <catch2/catch.hpp>

using namespace appliance::base;

TEST_CASE("crc32c: gives the vectors of RFC 3720 B.4, in both forms") {
  CHECK(crc32c(0, "123456789") == 0xE3069283U);
  CHECK(crc32c(0, std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc32c(0, std::string(32, '\xff')) == 0x62A8AB43U);
  CHECK(crc32c_portable(0, "123456789") == 0xE3069283U);
  CHECK(crc32c(crc32c(0, "1234"), "56789") == 0xE3069283U);
}
