// fuzz: sources=pkg/net/dns/codec.cc pkg/net/dns/name.cc pkg/base/strings.cc pkg/base/error.cc
// Any bytes as a query and as a response: the parsers must not read outside, and what we build must scan.
#include <cstdint>
#include <cstdlib>

#include "net/dns/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace appliance::net::dns;
  const std::string_view packet(reinterpret_cast<const char*>(data), size);
  const auto query = parse_query(packet);
  const bool answerable = query.has_value() || !query.error().drop;
  if (answerable) {
    const Query& q = query ? *query : query.error().query;
    Answer answer;
    answer.rcode = query ? Rcode::kNoError : query.error().rcode;
    if (q.question)
      answer.answers.assign(80, {.name = q.question->name, .type = kTypeA, .ttl = 30, .rdata = rdata_a(1)});
    const auto reply = build_response(q, answer, udp_limit(q));
    if (reply.size() > kUdpBytesMax) abort();
    if (q.question && !scan_response(reply)) abort();
    if (q.question) (void)name_to_text(lower(q.question->name));
  }
  if (const auto scan = scan_response(packet)) {
    for (const size_t at : scan->ttl_offsets)
      if (at + 4 > size) abort();
    if (scan->additional_at > size) abort();
  }
  (void)answer_records(packet);
  return 0;
}
