#include "runtime/container/start_plan.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <map>

#include "runtime/stage/plan.h"

namespace appliance::runtime::container {
namespace {

using stage::Tag;

// Resource number -> "soft hard" of each limit in an encoded plan.
std::map<int, std::string> rlimits_of(const std::string& bytes) {
  stage::Plan plan;
  if (const char* problem = stage::Plan::parse(bytes, plan)) FAIL(problem);
  std::map<int, std::string> out;
  uint32_t cursor = 0;
  for (stage::Record r; plan.next(cursor, Tag::kRlimit, r);)
    out[static_cast<int>(r.u32())] = std::string(r.text(0)) + ' ' + r.text(1);
  return out;
}

}  // namespace

TEST_CASE("start plan: containers and what is exec'ed into them get the same limits") {
  ProcessSpec process;
  process.args = {"/bin/true"};
  ContainerSpec container;
  container.process = process;
  container.layers = {"/layer"};
  const std::map<int, std::string> expected = {
      {RLIMIT_NOFILE, "1024 524288"}, {RLIMIT_CORE, "0 2147483647"}, {RLIMIT_NPROC, "2147483647 2147483647"}};
  CHECK(rlimits_of(encode(container).value()) == expected);
  CHECK(rlimits_of(encode_exec(process).value()) == expected);
}

TEST_CASE("start plan: limits of a caller's own replace the usual ones") {
  ProcessSpec process;
  process.args = {"/bin/true"};
  process.rlimits = {{.resource = RLIMIT_STACK, .soft = 1 << 20, .hard = stage::kRlimitUnlimited}};
  CHECK(rlimits_of(encode_exec(process).value()) == std::map<int, std::string>{{RLIMIT_STACK, "1048576 2147483647"}});
}

}  // namespace appliance::runtime::container
