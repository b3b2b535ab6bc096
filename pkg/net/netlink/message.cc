#include "net/netlink/message.h"

#include <arpa/inet.h>
#include <endian.h>

#include "base/check.h"

namespace appliance::net::netlink {
namespace {

void pad(std::string& buffer) { buffer.resize(NLMSG_ALIGN(buffer.size()), '\0'); }

void put_u16(std::string& buffer, size_t at, uint16_t v) { std::memcpy(buffer.data() + at, &v, sizeof v); }

}  // namespace

void Builder::begin_bytes(uint16_t type, uint16_t flags, std::string_view fixed) {
  if (seq_ > 0) (void)finish();
  start_ = buffer_.size();
  const nlmsghdr header{.nlmsg_len = 0,
                        .nlmsg_type = type,
                        .nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST),
                        .nlmsg_seq = ++seq_,
                        .nlmsg_pid = 0};
  buffer_.append(reinterpret_cast<const char*>(&header), sizeof header);
  buffer_.append(fixed);
  pad(buffer_);
}

void Builder::bytes(uint16_t type, std::string_view value) {
  APP_CHECK(value.size() <= UINT16_MAX - NLA_HDRLEN);
  const nlattr header{.nla_len = static_cast<uint16_t>(NLA_HDRLEN + value.size()), .nla_type = type};
  buffer_.append(reinterpret_cast<const char*>(&header), sizeof header);
  buffer_.append(value);
  pad(buffer_);
}

void Builder::text(uint16_t type, std::string_view value) {
  std::string with_nul(value);
  with_nul += '\0';
  bytes(type, with_nul);
}

void Builder::be16(uint16_t type, uint16_t v) { value(type, htons(v)); }
void Builder::be32(uint16_t type, uint32_t v) { value(type, htonl(v)); }
void Builder::be64(uint16_t type, uint64_t v) { value(type, htobe64(v)); }

void Builder::raw(std::string_view bytes) {
  buffer_.append(bytes);
  pad(buffer_);
}

size_t Builder::open(uint16_t type) {
  const size_t offset = buffer_.size();
  const nlattr header{.nla_len = 0, .nla_type = type};
  buffer_.append(reinterpret_cast<const char*>(&header), sizeof header);
  return offset;
}

void Builder::close(size_t offset) {
  const size_t length = buffer_.size() - offset;
  APP_CHECK(length <= UINT16_MAX);
  put_u16(buffer_, offset, static_cast<uint16_t>(length));
}

void Builder::add_flags(uint16_t flags) {
  APP_CHECK(seq_ > 0);
  const size_t at = start_ + offsetof(nlmsghdr, nlmsg_flags);
  uint16_t old = 0;
  std::memcpy(&old, buffer_.data() + at, sizeof old);
  put_u16(buffer_, at, old | flags);
}

const std::string& Builder::finish() {
  if (seq_ > 0) {
    const auto length = static_cast<uint32_t>(buffer_.size() - start_);
    std::memcpy(buffer_.data() + start_, &length, sizeof length);
  }
  return buffer_;
}

uint16_t Attribute::as_be16() const { return ntohs(as<uint16_t>()); }
uint32_t Attribute::as_be32() const { return ntohl(as<uint32_t>()); }
uint64_t Attribute::as_be64() const { return be64toh(as<uint64_t>()); }
std::string_view Attribute::as_text() const { return data.substr(0, data.find('\0')); }

std::vector<Attribute> parse_attributes(std::string_view bytes) {
  std::vector<Attribute> out;
  while (bytes.size() >= NLA_HDRLEN) {
    nlattr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < NLA_HDRLEN || header.nla_len > bytes.size()) break;
    out.push_back({.type = static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK),
                   .data = bytes.substr(NLA_HDRLEN, header.nla_len - NLA_HDRLEN)});
    bytes.remove_prefix(std::min<size_t>(NLA_ALIGN(header.nla_len), bytes.size()));
  }
  return out;
}

const Attribute* find_attribute(const std::vector<Attribute>& attributes, uint16_t type) {
  for (const auto& a : attributes)
    if (a.type == type) return &a;
  return nullptr;
}

std::optional<Message> next_message(std::string_view& bytes) {
  nlmsghdr header{};
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) return std::nullopt;
  Message out{.type = header.nlmsg_type,
              .flags = header.nlmsg_flags,
              .seq = header.nlmsg_seq,
              .payload = bytes.substr(sizeof header, header.nlmsg_len - sizeof header)};
  bytes.remove_prefix(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
  return out;
}

}  // namespace appliance::net::netlink
