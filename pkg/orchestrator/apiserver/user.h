// Who asks: the identity that authentication found and authorization judges. A value.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/api/joining.h"

namespace appliance::orchestrator::apiserver {

inline constexpr std::string_view kAnonymous = "system:anonymous";
inline constexpr std::string_view kGroupUnauthenticated = "system:unauthenticated";
inline constexpr std::string_view kGroupAuthenticated = "system:authenticated";
inline constexpr std::string_view kGroupMasters = "system:masters";
inline constexpr std::string_view kGroupNodes = api::kNodesGroup;
inline constexpr std::string_view kNodeUserPrefix = api::kNodeUser;

struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;

  [[nodiscard]] bool in(std::string_view group) const { return std::ranges::find(groups, group) != groups.end(); }
};

}  // namespace appliance::orchestrator::apiserver
