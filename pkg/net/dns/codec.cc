#include "net/dns/codec.h"

#include <algorithm>

namespace appliance::net::dns {
namespace {

constexpr uint16_t kFlagQr = 0x8000, kFlagAa = 0x0400, kFlagTc = 0x0200, kFlagRd = 0x0100, kFlagRa = 0x0080,
                   kFlagCd = 0x0010;
constexpr size_t kRecordsMax = 4096;  // in one message; 64 KiB of the smallest records would be ~6000

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t at() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

  uint8_t u8() {
    if (!need(1)) return 0;
    return static_cast<uint8_t>(bytes_[at_++]);
  }
  uint16_t u16() {
    const auto high = u8();
    return static_cast<uint16_t>(high << 8 | u8());
  }
  uint32_t u32() {
    const auto high = u16();
    return uint32_t{high} << 16 | u16();
  }
  std::string_view take(size_t n) {
    if (!need(n)) return {};
    const auto out = bytes_.substr(at_, n);
    at_ += n;
    return out;
  }

  // A name, decompressed. Pointers must go backwards, each further than the one before.
  std::string name() {
    std::string out;
    size_t at = at_;
    size_t limit = at_;  // a pointer must point before this
    bool jumped = false;
    while (true) {
      if (at >= bytes_.size()) return bad();
      const auto n = static_cast<unsigned char>(bytes_[at]);
      if ((n & 0xc0) == 0xc0) {
        if (at + 1 >= bytes_.size()) return bad();
        const size_t target = size_t{n & 0x3fU} << 8 | static_cast<unsigned char>(bytes_[at + 1]);
        if (!jumped) at_ = at + 2;
        jumped = true;
        if (target >= limit || target < kHeaderBytes) return bad();
        limit = target;
        at = target;
        continue;
      }
      if (n > kLabelBytesMax || at + 1 + n > bytes_.size()) return bad();
      out.append(bytes_.substr(at, n + size_t{1}));
      if (out.size() > kNameBytesMax) return bad();
      at += n + size_t{1};
      if (n != 0) continue;
      if (!jumped) at_ = at;
      return out;
    }
  }

 private:
  bool need(size_t n) {
    ok_ = ok_ && bytes_.size() - at_ >= n;
    return ok_;
  }
  std::string bad() {
    ok_ = false;
    return {};
  }
  std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

void put16(std::string& out, uint16_t v) {
  out += static_cast<char>(v >> 8);
  out += static_cast<char>(v & 0xff);
}
void put32(std::string& out, uint32_t v) {
  put16(out, static_cast<uint16_t>(v >> 16));
  put16(out, static_cast<uint16_t>(v & 0xffff));
}
void patch16(std::string& out, size_t at, uint16_t v) {
  out[at] = static_cast<char>(v >> 8);
  out[at + 1] = static_cast<char>(v & 0xff);
}

std::unexpected<QueryFault> fault(Rcode rcode, Query query) {
  return std::unexpected(QueryFault{.drop = false, .rcode = rcode, .query = std::move(query)});
}

// Reads the records behind the question for the one that counts: OPT. False when they are malformed.
bool read_additional(Reader& reader, size_t count, Query& query) {
  for (size_t i = 0; i < count; ++i) {
    const std::string owner = reader.name();
    const uint16_t type = reader.u16();
    const uint16_t klass = reader.u16();
    const uint32_t ttl = reader.u32();
    (void)reader.take(reader.u16());
    if (!reader.ok()) return false;
    if (type != kTypeOpt) continue;
    if (query.edns || owner.size() != 1) return false;  // one OPT, at the root (RFC 6891 section 6.1.1)
    query.edns = Edns{.udp_bytes = klass, .version = static_cast<uint8_t>(ttl >> 16), .dnssec_ok = (ttl & 0x8000) != 0};
  }
  return true;
}

void put_opt(std::string& out, const Edns& edns, Rcode rcode) {
  out += '\0';
  put16(out, kTypeOpt);
  put16(out, kUdpBytesMax);
  const uint32_t extended = static_cast<uint32_t>(rcode) >> 4;
  put32(out, extended << 24 | (edns.dnssec_ok ? 0x8000U : 0U));
  put16(out, 0);
}
constexpr size_t kOptBytes = 11;

// Owner names equal to the question are a pointer to it; others are written out: answers are small, and a pointer less
// is a bug less.
void put_record(std::string& out, const Record& record, const std::string* question_name) {
  if (question_name != nullptr && record.name == *question_name) {
    put16(out, 0xc000 | kHeaderBytes);
  } else {
    out += record.name;
  }
  put16(out, record.type);
  put16(out, kClassIn);
  put32(out, record.ttl);
  put16(out, static_cast<uint16_t>(record.rdata.size()));
  out += record.rdata;
}

uint16_t put_section(std::string& out, const std::vector<Record>& records, const std::string* question_name,
                     size_t limit, bool& cut) {
  uint16_t count = 0;
  for (const auto& r : records) {
    const size_t before = out.size();
    put_record(out, r, question_name);
    if (out.size() > limit) {
      out.resize(before);
      cut = true;
      return count;
    }
    ++count;
  }
  return count;
}

}  // namespace

std::expected<Query, QueryFault> parse_query(std::string_view packet) {
  if (packet.size() < kHeaderBytes)
    return std::unexpected(QueryFault{.drop = true, .rcode = Rcode::kFormErr, .query = {}});
  Reader reader(packet);
  Query query;
  query.id = reader.u16();
  const uint16_t flags = reader.u16();
  if ((flags & kFlagQr) != 0) return std::unexpected(QueryFault{.drop = true, .rcode = Rcode::kFormErr, .query = {}});
  query.opcode = flags >> 11 & 0xf;
  query.recursion_desired = (flags & kFlagRd) != 0;
  query.checking_disabled = (flags & kFlagCd) != 0;
  const uint16_t questions = reader.u16();
  const uint16_t answers = reader.u16();
  const uint16_t authority = reader.u16();
  const uint16_t additional = reader.u16();
  if (query.opcode != 0) return fault(Rcode::kNotImp, std::move(query));
  if (questions != 1) return fault(Rcode::kFormErr, std::move(query));
  // No compression in a question: there is nothing before it to point to.
  Question question{.name = reader.name(), .type = reader.u16(), .klass = reader.u16()};
  if (!reader.ok()) return fault(Rcode::kFormErr, std::move(query));
  query.question = std::move(question);
  if (!read_additional(reader, size_t{answers} + authority + additional, query) || !reader.at_end())
    return fault(Rcode::kFormErr, std::move(query));
  if (query.edns && query.edns->version != 0) return fault(Rcode::kBadVers, std::move(query));
  return query;
}

size_t udp_limit(const Query& query) {
  if (!query.edns) return kUdpBytesPlain;
  return std::clamp<size_t>(query.edns->udp_bytes, kUdpBytesPlain, kUdpBytesMax);
}

std::string rdata_a(uint32_t ip) {
  std::string out;
  put32(out, ip);
  return out;
}

std::string rdata_srv(uint16_t port, std::string_view target) {
  std::string out;
  put16(out, 0);    // priority
  put16(out, 100);  // weight
  put16(out, port);
  return out += target;
}

std::string rdata_txt(std::string_view text) {
  text = text.substr(0, 255);
  return static_cast<char>(text.size()) + std::string(text);
}

std::string rdata_soa(std::string_view mname, std::string_view rname, uint32_t serial, uint32_t minimum) {
  std::string out(mname);
  out += rname;
  put32(out, serial);
  put32(out, 7200);   // refresh
  put32(out, 1800);   // retry
  put32(out, 86400);  // expire
  put32(out, minimum);
  return out;
}

std::string build_response(const Query& query, const Answer& answer, size_t limit) {
  std::string out;
  out.reserve(512);
  put16(out, query.id);
  uint16_t flags =
      kFlagQr | kFlagRa | static_cast<uint16_t>(query.opcode << 11) | (static_cast<uint16_t>(answer.rcode) & 0xf);
  if (answer.authoritative) flags |= kFlagAa;
  if (query.recursion_desired) flags |= kFlagRd;
  if (query.checking_disabled) flags |= kFlagCd;
  put16(out, flags);
  put16(out, query.question ? 1 : 0);
  for (int i = 0; i < 3; ++i) put16(out, 0);
  const std::string* name = nullptr;
  if (query.question) {
    name = &query.question->name;
    out += *name;
    put16(out, query.question->type);
    put16(out, query.question->klass);
  }
  const size_t room = limit - std::min(limit, query.edns ? kOptBytes : 0);
  bool cut = false;
  bool ignored = false;
  patch16(out, 6, put_section(out, answer.answers, name, room, cut));
  if (!cut) patch16(out, 8, put_section(out, answer.authority, name, room, cut));
  uint16_t additional = cut ? uint16_t{0} : put_section(out, answer.additional, name, room, ignored);
  if (cut) patch16(out, 2, flags | kFlagTc);
  if (query.edns) {
    put_opt(out, *query.edns, answer.rcode);
    ++additional;
  }
  patch16(out, 10, additional);
  return out;
}

std::string build_query(uint16_t id, const Question& question, bool recursion_desired) {
  std::string out;
  put16(out, id);
  put16(out, recursion_desired ? kFlagRd : 0);
  put16(out, 1);
  put16(out, 0);
  put16(out, 0);
  put16(out, 1);
  out += question.name;
  put16(out, question.type);
  put16(out, question.klass);
  put_opt(out, Edns{}, Rcode::kNoError);
  return out;
}

std::optional<ResponseScan> scan_response(std::string_view packet) {
  if (packet.size() < kHeaderBytes) return std::nullopt;
  Reader reader(packet);
  ResponseScan out;
  out.id = reader.u16();
  const uint16_t flags = reader.u16();
  if ((flags & kFlagQr) == 0) return std::nullopt;
  out.truncated = (flags & kFlagTc) != 0;
  out.rcode = static_cast<Rcode>(flags & 0xf);
  const uint16_t questions = reader.u16();
  const size_t answers = reader.u16();
  const size_t authority = reader.u16();
  const size_t additional = reader.u16();
  if (questions != 1 || answers + authority + additional > kRecordsMax) return std::nullopt;
  out.question = {.name = reader.name(), .type = reader.u16(), .klass = reader.u16()};
  out.has_answer = answers > 0;
  for (size_t i = 0; i < answers + authority + additional && reader.ok(); ++i) {
    if (i == answers + authority) out.additional_at = reader.at();
    (void)reader.name();
    const uint16_t type = reader.u16();
    (void)reader.u16();
    const size_t ttl_at = reader.at();
    uint32_t ttl = reader.u32();
    const auto rdata = reader.take(reader.u16());
    if (!reader.ok() || type == kTypeOpt) continue;
    out.ttl_offsets.push_back(ttl_at);
    if (i < answers) out.ttl_min = std::min(out.ttl_min, ttl);
    if (answers == 0 && i < authority && type == kTypeSoa && rdata.size() >= 4) {
      Reader minimum(rdata.substr(rdata.size() - 4));
      out.ttl_min = std::min({out.ttl_min, ttl, minimum.u32()});
    }
  }
  if (!reader.ok()) return std::nullopt;
  if (additional == 0) out.additional_at = reader.at();
  return out;
}

std::vector<Record> answer_records(std::string_view packet) {
  if (packet.size() < kHeaderBytes) return {};
  Reader reader(packet);
  (void)reader.take(6);
  const size_t answers = reader.u16();
  (void)reader.take(4);
  (void)reader.name();
  (void)reader.take(4);
  std::vector<Record> out;
  for (size_t i = 0; i < std::min(answers, kRecordsMax); ++i) {
    Record r;
    r.name = reader.name();
    r.type = reader.u16();
    const uint16_t klass = reader.u16();
    r.ttl = reader.u32();
    const uint16_t length = reader.u16();
    const size_t end = reader.at() + length;
    const bool has_name = r.type == kTypeCname || r.type == kTypeNs || r.type == kTypePtr;
    r.rdata = has_name ? reader.name() : std::string(reader.take(length));
    if (!reader.ok() || reader.at() != end) return {};
    if (klass == kClassIn) out.push_back(std::move(r));
  }
  return out;
}

}  // namespace appliance::net::dns
