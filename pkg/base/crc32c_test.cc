#include "base/crc32c.h"

#include <string>

#include <catch2/catch.hpp>

using namespace appliance::base;

TEST_CASE("crc32c: gives the vectors of RFC 3720 B.4, in both forms") {
  CHECK(crc32c(0, "123456789") == 0xE3069283U);
  CHECK(crc32c(0, std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc32c(0, std::string(32, '\xff')) == 0x62A8AB43U);
  CHECK(crc32c_portable(0, "123456789") == 0xE3069283U);
  CHECK(crc32c(0, "") == 0);
}

TEST_CASE("crc32c: the processor's instruction and the table agree at every length, and pieces add up") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    CHECK(crc32c(0, bytes) == crc32c_portable(0, bytes));
    const std::string_view all = bytes;
    const size_t third = all.size() / 3;
    CHECK(crc32c(crc32c(0, all.substr(0, third)), all.substr(third)) == crc32c(0, all));
    bytes.push_back(static_cast<char>(i * 37));
  }
}
