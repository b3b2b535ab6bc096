// Discovery documents, computed once from the table of kinds: /api, /apis, /api/v1, /apis/G and /apis/G/V, in the
// unaggregated form (APIGroupList, APIResourceList) and the aggregated one (APIGroupDiscoveryList v2 and v2beta1).
// Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/api/kind.h"
#include "orchestrator/apiserver/negotiate.h"

namespace appliance::orchestrator::apiserver {

struct Document {
  std::string content_type;
  std::string body;
  std::string etag;  // quoted
};

class Discovery {
 public:
  explicit Discovery(const api::KindTable& kinds);
  // nullptr: not a discovery path (404 is the caller's).
  [[nodiscard]] const Document* find(std::string_view path, const Accepted& accepted) const;

 private:
  void add(std::string path, std::string content_type, std::string body, std::string_view form);
  std::map<std::string, Document, std::less<>> documents_;  // form + path
};

}  // namespace appliance::orchestrator::apiserver
