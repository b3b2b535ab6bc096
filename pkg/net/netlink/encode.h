// What the files of RouteSocket share.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "net/netlink/route.h"

namespace appliance::net::netlink {

inline std::string_view view(const Mac& mac) { return {reinterpret_cast<const char*>(mac.data()), mac.size()}; }

// The first of `failures` whose errno is not `fine`.
inline Result<> first_failure(const std::vector<Failure>& failures, std::initializer_list<int> fine,
                              std::string_view what) {
  for (const auto& f : failures)
    if (std::find(fine.begin(), fine.end(), f.errno_value) == fine.end()) return fail(f.error(what));
  return {};
}

}  // namespace appliance::net::netlink
