// resolv.conf(5) as data. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace appliance::orchestrator::dns {

struct ResolvConf {
  std::vector<std::string> nameservers;  // as written
  std::vector<std::string> search;       // the last search or domain line wins
  std::vector<std::string> options;
};

ResolvConf parse_resolv_conf(std::string_view text);
std::string format_resolv_conf(const ResolvConf& conf);
// 127.0.0.53, 127.0.0.1, ::1: a stub on this machine, that a pod cannot reach and that may ask us back.
bool is_loopback_nameserver(std::string_view address);

}  // namespace appliance::orchestrator::dns
