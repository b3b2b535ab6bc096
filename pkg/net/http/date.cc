#include "net/http/date.h"

#include <ctime>
#include <string>

namespace appliance::net::http {

std::optional<base::WallTime> parse_date(std::string_view text) {
  std::tm parts{};
  const std::string owned(text);
  const char* rest = ::strptime(owned.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return base::WallTime(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace appliance::net::http
