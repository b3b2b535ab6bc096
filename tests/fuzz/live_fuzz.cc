// fuzz: deps=api
// fuzz: sources=pkg/orchestrator/apiserver/live/protocol.cc pkg/orchestrator/apiserver/live/row.cc
// fuzz: sources=pkg/orchestrator/apiserver/live/extra.cc pkg/orchestrator/apiserver/live/problem.cc
// fuzz: sources=pkg/orchestrator/apiserver/live/problem_pod.cc
// The dashboard's stream. A first byte of 'f': what a browser says. Else it chooses a kind, and the rest is an object
// of the store: its row, and what is said to be wrong with it, must be JSON that a browser takes, whatever the fields
// hold.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "orchestrator/apiserver/live/protocol.h"
#include "orchestrator/apiserver/live/row.h"

using namespace appliance;
using namespace appliance::orchestrator;
using namespace appliance::orchestrator::apiserver::live;

namespace {

void check(bool good) {
  if (!good) std::abort();
}

void client_frame(std::string_view text) {
  const auto frame = parse_frame(text);
  if (frame) {
    if (const auto* subscribe = std::get_if<Subscribe>(&*frame))
      check(subscribe->sub >= 0 && subscribe->sub <= kSubMax);
    return;
  }
  const std::string answer = error_frame(frame.error().sub, frame.error().error);
  check(base::valid_utf8(answer) && json::parse(answer).has_value());
}

void object(unsigned char which, std::string_view text) {
  static const auto kKinds = api::builtin_kinds();
  const api::Kind& kind = kKinds->all()[which % kKinds->all().size()];
  const auto document = json::parse(text, {.bytes_max = 65536});
  if (!document || !document->is_object()) return;
  const auto made = api::make_object(kind, 5, std::make_shared<const std::string>(api::stored_bytes(*document)));
  if (!made) return;
  RowMaker maker(1'700'000'000);
  const Row row = maker.make(**made);
  check(base::valid_utf8(row.text) && json::parse(row.text).has_value());
  check(row.problem.why.size() <= kWhyBytesMax && (row.problem.severity == 0) == row.problem.why.empty());
  check(row.problem.severity == 0 || may_have_problem(**made));
  (void)about_uid(**made);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'f') {
    client_frame(rest);
  } else {
    object(data[0], rest);
  }
  return 0;
}
