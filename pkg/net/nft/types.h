// The vocabulary of nf_tables that we use: registers, fields of concatenated keys, sets, chains, elements. Value types.
// Source: linux/netfilter/nf_tables.h and nft(8). Keys and data are bytes in network order, each field padded to 4
// bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/netlink/ip.h"

namespace appliance::net::nft {

// One 32-bit register, 0..15 (NFT_REG32_00 + n). A concatenated key lies in consecutive ones.
using Reg = uint32_t;

struct Field {  // of a key or of data; `type` is the number that nft(8) prints by
  uint32_t type = 0;
  uint32_t bytes = 0;
};
constexpr Field kIpv4Field{7, 4};
constexpr Field kProtoField{12, 1};
constexpr Field kPortField{13, 2};
constexpr Field kMarkField{19, 4};

struct SetSpec {
  std::string name;
  std::vector<Field> key{};
  std::vector<Field> data{};  // empty: a set; else a map to this
  bool verdict = false;       // a map to verdicts
  bool dynamic = false;       // rules add elements; with timeouts
  uint32_t size_max = 0;      // 0 = no limit; must be set for dynamic ones
};

struct Verdict {
  int code = 0;       // NF_ACCEPT, NF_DROP, NFT_GOTO, NFT_JUMP, NFT_RETURN
  std::string chain;  // of goto and jump
  auto operator<=>(const Verdict&) const = default;
};
Verdict accept();
Verdict drop();
Verdict go_to(std::string chain);
Verdict jump(std::string chain);

struct Element {
  std::string key{};
  std::string data{};                // of a map
  std::optional<Verdict> verdict{};  // of a verdict map
  auto operator<=>(const Element&) const = default;
};

enum class Hook : uint8_t { kPrerouting = 0, kInput = 1, kForward = 2, kOutput = 3, kPostrouting = 4 };

struct BaseChain {
  std::string name;
  std::string type;  // "nat", "filter", "route"
  Hook hook = Hook::kPrerouting;
  int priority = 0;
};

// Key and data bytes: key(ip) + key_proto(17) + key_port(53).
std::string key_ip(netlink::Ipv4 ip);
std::string key_proto(uint8_t proto);
std::string key_port(uint16_t port);
std::string key_u32(uint32_t value);  // host byte order, as numgen and marks are

}  // namespace appliance::net::nft
