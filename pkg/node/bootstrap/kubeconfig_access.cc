#include "node/bootstrap/kubeconfig_access.h"

#include "base/fs.h"
#include "base/json/json.h"
#include "base/strings.h"
#include "base/yaml/yaml.h"
#include "node/bootstrap/kubeconfig.h"

namespace appliance::node {
namespace {

constexpr size_t kFileBytesMax = 1U << 20U;  // certificates and keys have some KiB each

// The entry of this name in a list, its inner part; null when there is none.
const json::Value* entry(const json::Value& document, std::string_view list, std::string_view name,
                         std::string_view inner) {
  for (const auto& one : json::array_at(document, {list}))
    if (json::string_at(one, {"name"}) == name) return json::find(one, {inner});
  return nullptr;
}

// `FIELD-data`, or what is in the file that `FIELD` names; "" when neither is there.
Result<std::string> text_or_file(const json::Value& part, const std::string& field, const std::string& folder) {
  if (const auto data = json::string_at(part, {field + "-data"}); !data.empty()) {
    auto text = base::unbase64(data);
    if (!text) return fail(Code::kInvalidArgument, field + "-data: not base64");
    return std::move(*text);
  }
  const std::string file(json::string_at(part, {field}));
  if (file.empty()) return std::string();
  return TRY_CTX(base::read_file(file.starts_with('/') ? file : folder + '/' + file, kFileBytesMax), field);
}

Result<KubeconfigAccess> read(const json::Value& document, const std::string& folder) {
  KubeconfigAccess out;
  out.context = kContextName;
  if (entry(document, "contexts", out.context, "context") == nullptr)
    out.context = json::string_at(document, {"current-context"});
  const auto* context = entry(document, "contexts", out.context, "context");
  if (context == nullptr) return fail(Code::kNotFound, "it has no context \"appliance\", and no current one");
  const auto* cluster = entry(document, "clusters", json::string_at(*context, {"cluster"}), "cluster");
  const auto* user = entry(document, "users", json::string_at(*context, {"user"}), "user");
  if (cluster == nullptr || user == nullptr)
    return fail(Code::kInvalidArgument, "context \"" + out.context + "\": its cluster or user is missing");
  out.server = json::string_at(*cluster, {"server"});
  if (!out.server.starts_with("https://"))
    return fail(Code::kInvalidArgument, "context \"" + out.context + "\": its server is no https:// address");
  while (out.server.ends_with('/')) out.server.pop_back();
  out.ca_pem = TRY(text_or_file(*cluster, "certificate-authority", folder));
  for (const char* as : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    // kubectl would be somebody else: a link must not be for more than kubectl may.
    if (json::find(*user, {as}) != nullptr)
      return fail(Code::kUnimplemented, "context \"" + out.context + "\": its user impersonates (" + as +
                                            "), which is not supported: use a user of its own");
  }
  out.certificate_pem = TRY(text_or_file(*user, "client-certificate", folder));
  out.key_pem = TRY(text_or_file(*user, "client-key", folder));
  out.token = json::string_at(*user, {"token"});
  if (const std::string file(json::string_at(*user, {"tokenFile"})); out.token.empty() && !file.empty())
    out.token = base::trim(TRY(base::read_file(file, kFileBytesMax)));
  if (out.token.empty() && out.certificate_pem.empty())
    return fail(Code::kUnimplemented, "context \"" + out.context +
                                          "\": neither certificate nor token (what programs fetch is not supported)");
  return out;
}

}  // namespace

Result<KubeconfigAccess> kubeconfig_access(const std::string& path) {
  const auto text = TRY(base::read_file(path, kFileBytesMax));
  const auto document = TRY_CTX(yaml::parse(text), path);
  return TRY_CTX(read(document, path.substr(0, path.rfind('/'))), path);
}

}  // namespace appliance::node
