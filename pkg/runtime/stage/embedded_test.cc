#include "runtime/stage/embedded.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <catch2/catch.hpp>

namespace appliance::runtime::stage {

TEST_CASE("stage: the embedded program is a small static ELF without an interpreter") {
  const auto program = embedded_stage();
  CHECK(program.substr(0, 4) == "\177ELF");
  CHECK(program.size() < 150'000);
  CHECK(program.find("ld-linux") == program.npos);
  CHECK(program.find("ld-musl") == program.npos);
}

TEST_CASE("stage: its memfd cannot be written, not even by us") {
  const auto fd = stage_memfd();
  REQUIRE(fd);
  CHECK((fcntl(fd->get(), F_GET_SEALS) & (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) ==
        (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
  CHECK(pwrite(fd->get(), "x", 1, 0) < 0);
}

}  // namespace appliance::runtime::stage
