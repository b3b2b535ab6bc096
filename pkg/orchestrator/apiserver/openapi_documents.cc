#include "orchestrator/apiserver/openapi_documents.h"

#include <algorithm>

#include "base/json/json.h"
#include "orchestrator/api/openapi.h"

namespace appliance::orchestrator::apiserver {
namespace {

std::string path_of(const api::Kind& kind) {
  return kind.group.empty() ? "api/" + kind.version : "apis/" + kind.group + '/' + kind.version;
}

}  // namespace

const std::string& OpenApiDocuments::index() {
  std::call_once(once_, [this] { make(); });
  return index_;
}

const Document* OpenApiDocuments::find(std::string_view path) {
  std::call_once(once_, [this] { make(); });
  const auto it = documents_.find(path);
  return it == documents_.end() ? nullptr : &it->second;
}

std::vector<std::string> OpenApiDocuments::paths() const {
  std::vector<std::string> out;
  for (const api::Kind& kind : kinds_.all()) {
    std::string path = path_of(kind);
    if (std::ranges::find(out, path) == out.end()) out.push_back(std::move(path));
  }
  return out;
}

void OpenApiDocuments::make() {
  json::Object paths;
  for (const api::Kind& kind : kinds_.all()) {
    const std::string path = path_of(kind);
    if (documents_.contains(path)) continue;
    Document document{.content_type = "application/json",
                      .body = api::openapi_v3_document(kinds_, kind.group, kind.version),
                      .etag = {}};
    const std::string hash = api::openapi_v3_hash(document.body);
    document.etag = '"' + hash + '"';
    paths[path] = json::Object{{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + hash}};
    documents_.emplace(path, std::move(document));
  }
  index_ = json::serialize(json::Object{{"paths", std::move(paths)}});
}

}  // namespace appliance::orchestrator::apiserver
