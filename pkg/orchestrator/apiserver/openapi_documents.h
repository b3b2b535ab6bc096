// The OpenAPI v3 documents of the table of kinds, made when somebody asks for the first time: a start must not wait for
// them. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/api/kind.h"
#include "orchestrator/apiserver/discovery.h"

namespace appliance::orchestrator::apiserver {

class OpenApiDocuments {
 public:
  explicit OpenApiDocuments(const api::KindTable& kinds) : kinds_(kinds) {}
  [[nodiscard]] const std::string& index();                   // {"paths":{"api/v1":{"serverRelativeURL":..}}}
  [[nodiscard]] const Document* find(std::string_view path);  // "api/v1", "apis/apps/v1"; null: no such group version
  [[nodiscard]] std::vector<std::string> paths() const;       // made from the table alone

 private:
  void make();
  const api::KindTable& kinds_;
  std::once_flag once_;
  std::string index_;
  std::map<std::string, Document, std::less<>> documents_;
};

}  // namespace appliance::orchestrator::apiserver
