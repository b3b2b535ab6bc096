#include "orchestrator/dns/resolv_conf.h"

#include "base/strings.h"

namespace appliance::orchestrator::dns {
namespace {

constexpr size_t kWordsMax = 256;  // a resolv.conf with more is not one

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  size_t at = 0;
  while (at < line.size() && out.size() < kWordsMax) {
    const size_t start = line.find_first_not_of(" \t\r", at);
    if (start == std::string_view::npos) break;
    at = std::min(line.find_first_of(" \t\r", start), line.size());
    out.emplace_back(line.substr(start, at - start));
  }
  return out;
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf out;
  for (const auto line : base::split(text, '\n')) {
    auto words = words_of(line.substr(0, line.find_first_of("#;")));
    if (words.size() < 2) continue;
    const std::string keyword = words.front();
    words.erase(words.begin());
    if (keyword == "nameserver") out.nameservers.push_back(words.front());
    if (keyword == "search") out.search = words;
    if (keyword == "domain") out.search = {words.front()};
    if (keyword == "options") out.options.insert(out.options.end(), words.begin(), words.end());
  }
  return out;
}

std::string format_resolv_conf(const ResolvConf& conf) {
  std::string out;
  if (!conf.search.empty()) out += "search " + base::join(conf.search, " ") + '\n';
  for (const auto& server : conf.nameservers) out += "nameserver " + server + '\n';
  if (!conf.options.empty()) out += "options " + base::join(conf.options, " ") + '\n';
  return out;
}

bool is_loopback_nameserver(std::string_view address) { return address.starts_with("127.") || address == "::1"; }

}  // namespace appliance::orchestrator::dns
