// Netlink messages: a builder that writes a run of messages into one buffer, and a parser that trusts no length.
//
//   Builder b;
//   b.begin(RTM_NEWLINK, NLM_F_CREATE, ifinfomsg{});
//   b.text(IFLA_IFNAME, "ap0");
//   { auto nest = b.nest(IFLA_LINKINFO); b.text(IFLA_INFO_KIND, "veth"); }   // closed by the destructor
//   socket.request(b);
//
// Layout (linux/netlink.h): nlmsghdr {len, type, flags, seq, pid}, a fixed struct of the family, then attributes
// {u16 len, u16 type, data} padded to 4 bytes. len counts the header, not the padding.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace appliance::net::netlink {

class Builder {
 public:
  // Starts a message; the one before is finished. Sequence numbers count up from 1 within this builder.
  template <class Fixed>
  void begin(uint16_t type, uint16_t flags, const Fixed& fixed) {
    begin_bytes(type, flags, std::string_view(reinterpret_cast<const char*>(&fixed), sizeof fixed));
  }
  void begin_bytes(uint16_t type, uint16_t flags, std::string_view fixed);

  void bytes(uint16_t type, std::string_view value);  // APP_CHECKs that the value fits 16 bits
  void text(uint16_t type, std::string_view value);   // with the NUL that the kernel wants
  void flag(uint16_t type) { bytes(type, {}); }
  template <class T>
  void value(uint16_t type, const T& v) {  // host byte order
    bytes(type, std::string_view(reinterpret_cast<const char*>(&v), sizeof v));
  }
  void be16(uint16_t type, uint16_t v);
  void be32(uint16_t type, uint32_t v);
  void be64(uint16_t type, uint64_t v);
  void raw(std::string_view bytes);  // bytes without an attribute header (VETH_INFO_PEER's ifinfomsg)

  class Nest {
   public:
    Nest(Builder& builder, size_t offset) : builder_(builder), offset_(offset) {}
    ~Nest() { builder_.close(offset_); }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    Builder& builder_;
    size_t offset_;
  };
  [[nodiscard]] Nest nest(uint16_t type) { return Nest(*this, open(type | NLA_F_NESTED)); }
  [[nodiscard]] size_t open(uint16_t type);  // for nests that don't follow C++ scopes
  void close(size_t offset);

  void add_flags(uint16_t flags);  // to the last message
  [[nodiscard]] uint32_t count() const { return seq_; }
  [[nodiscard]] bool empty() const { return seq_ == 0; }
  [[nodiscard]] size_t size() const { return buffer_.size(); }
  // Bytes of the open message so far; an element list must stay below 64 KiB.
  [[nodiscard]] size_t message_size() const { return buffer_.size() - start_; }
  const std::string& finish();  // patches the last length; the builder may go on afterwards

 private:
  std::string buffer_;
  size_t start_ = 0;
  uint32_t seq_ = 0;
};

// One received message. Views into the receive buffer: valid for the callback only.
struct Message {
  uint16_t type = 0;
  uint16_t flags = 0;
  uint32_t seq = 0;
  std::string_view payload;  // behind nlmsghdr

  // The fixed struct at the front of the payload; zeroes when the payload is shorter.
  template <class Fixed>
  [[nodiscard]] Fixed fixed() const {
    Fixed out{};
    if (payload.size() >= sizeof out) std::memcpy(&out, payload.data(), sizeof out);
    return out;
  }
  template <class Fixed>
  [[nodiscard]] std::string_view attributes() const {
    constexpr size_t n = NLMSG_ALIGN(sizeof(Fixed));
    return payload.size() > n ? payload.substr(n) : std::string_view();
  }
};

struct Attribute {
  uint16_t type = 0;  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
  std::string_view data;

  template <class T>
  [[nodiscard]] T as(T fallback = {}) const {  // host byte order
    T out = fallback;
    if (data.size() >= sizeof out) std::memcpy(&out, data.data(), sizeof out);
    return out;
  }
  [[nodiscard]] uint16_t as_be16() const;
  [[nodiscard]] uint32_t as_be32() const;
  [[nodiscard]] uint64_t as_be64() const;
  [[nodiscard]] std::string_view as_text() const;  // up to the first NUL
};

// Splits a run of attributes; stops at the first one whose length lies.
std::vector<Attribute> parse_attributes(std::string_view bytes);
const Attribute* find_attribute(const std::vector<Attribute>& attributes, uint16_t type);

// Takes the next message off `bytes`; nullopt at the end or when the header lies.
std::optional<Message> next_message(std::string_view& bytes);

}  // namespace appliance::net::netlink
