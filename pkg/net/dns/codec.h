// DNS messages: parsing of queries, building of responses, and a scan of foreign responses that a cache needs. Pure;
// every length and pointer of the input is distrusted. RFC 1035, 2181, 6891 (EDNS0), 3597, 8482.
//
//   header   id(2) flags(2) qdcount(2) ancount(2) nscount(2) arcount(2)
//   flags    QR(1) opcode(4) AA TC RD RA Z AD CD rcode(4)
//   question name type(2) class(2)
//   record   name type(2) class(2) ttl(4) rdlength(2) rdata
// A name may end in a pointer (two top bits set) to an earlier place; only backwards, so that no loop can be.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/dns/name.h"

namespace appliance::net::dns {

constexpr uint16_t kTypeA = 1, kTypeNs = 2, kTypeCname = 5, kTypeSoa = 6, kTypePtr = 12, kTypeHinfo = 13, kTypeTxt = 16,
                   kTypeAaaa = 28, kTypeSrv = 33, kTypeOpt = 41, kTypeIxfr = 251, kTypeAxfr = 252, kTypeAny = 255;
constexpr uint16_t kClassIn = 1, kClassAny = 255;
enum class Rcode : uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kBadVers = 16
};

constexpr size_t kHeaderBytes = 12;
constexpr size_t kUdpBytesPlain = 512;  // RFC 1035 without EDNS0
constexpr size_t kUdpBytesMax =
    1232;  // what we send and advertise: fits every path without fragments (DNS flag day 2020)
constexpr size_t kMessageBytesMax = 65535;  // TCP's length prefix

struct Question {
  std::string name;  // wire form, in the case that the client used
  uint16_t type = 0;
  uint16_t klass = kClassIn;
};

struct Edns {
  uint16_t udp_bytes = 0;
  uint8_t version = 0;
  bool dnssec_ok = false;
};

struct Query {
  uint16_t id = 0;
  uint8_t opcode = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  std::optional<Question> question;  // none only in what answers a fault
  std::optional<Edns> edns;
};

// Why a packet is no query that can be looked up. kDrop: no answer at all (responses, runts). Otherwise `query` has
// what an answer needs.
struct QueryFault {
  bool drop = false;
  Rcode rcode = Rcode::kFormErr;
  Query query;
};
std::expected<Query, QueryFault> parse_query(std::string_view packet);

struct Record {
  std::string name;  // wire form
  uint16_t type = 0;
  uint32_t ttl = 0;
  std::string rdata;  // names in it uncompressed
};
std::string rdata_a(uint32_t ip);  // host byte order
std::string rdata_srv(uint16_t port, std::string_view target);
std::string rdata_txt(std::string_view text);  // at most 255 bytes
std::string rdata_soa(std::string_view mname, std::string_view rname, uint32_t serial, uint32_t minimum);

struct Answer {
  Rcode rcode = Rcode::kNoError;
  bool authoritative = true;
  std::vector<Record> answers;
  std::vector<Record> authority;
  std::vector<Record> additional;
};
// At most `limit` bytes: what does not fit is left out; TC is set when that is an answer or authority record.
std::string build_response(const Query& query, const Answer& answer, size_t limit);
// What a UDP client can take.
size_t udp_limit(const Query& query);

// A query of our own, with EDNS0.
std::string build_query(uint16_t id, const Question& question, bool recursion_desired = true);

// A response of somebody else, checked from end to end.
struct ResponseScan {
  uint16_t id = 0;
  bool truncated = false;
  Rcode rcode = Rcode::kNoError;
  Question question;
  uint32_t ttl_min = UINT32_MAX;    // of the answer section; of the SOA (RFC 2308) when there is no answer
  std::vector<size_t> ttl_offsets;  // of all records but OPT
  size_t additional_at = 0;         // where the additional section begins: its end is the end of the packet
  bool has_answer = false;
};
std::optional<ResponseScan> scan_response(std::string_view packet);
// The answer section, names in rdata of CNAME, NS and PTR decompressed; empty when the packet is malformed.
std::vector<Record> answer_records(std::string_view packet);

}  // namespace appliance::net::dns
