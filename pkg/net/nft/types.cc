#include "net/nft/types.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <cstring>

namespace appliance::net::nft {
namespace {

template <class T>
std::string four_bytes(const T& value) {
  std::string out(4, '\0');
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

}  // namespace

Verdict accept() { return {.code = NF_ACCEPT, .chain = {}}; }
Verdict drop() { return {.code = NF_DROP, .chain = {}}; }
Verdict go_to(std::string chain) { return {.code = NFT_GOTO, .chain = std::move(chain)}; }
Verdict jump(std::string chain) { return {.code = NFT_JUMP, .chain = std::move(chain)}; }

std::string key_ip(netlink::Ipv4 ip) { return four_bytes(htonl(ip.value)); }
std::string key_proto(uint8_t proto) { return four_bytes(proto); }
std::string key_port(uint16_t port) { return four_bytes(htons(port)); }
std::string key_u32(uint32_t value) { return four_bytes(value); }

}  // namespace appliance::net::nft
