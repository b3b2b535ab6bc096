#include "orchestrator/apiserver/list_options.h"

#include "base/json/json.h"
#include "base/strings.h"

namespace appliance::orchestrator::apiserver {
namespace {

api::ApiError invalid_options(std::string field, std::string message) {
  api::ApiError out;
  out.code = 422;
  out.reason = "Invalid";
  out.group = "meta.k8s.io";
  out.kind = "ListOptions";
  const std::string text = "Forbidden: " + message;
  out.message = "ListOptions.meta.k8s.io \"\" is invalid: " + field + ": " + text;
  out.causes.push_back({"FieldValueForbidden", text, std::move(field)});
  return out;
}

api::ApiResult<void> read_revision(const net::http::Request& request, ListOptions& out) {
  const std::string_view text = request.query_value("resourceVersion");
  if (!text.empty()) {
    const auto revision = base::parse_int<int64_t>(text);
    if (!revision || *revision < 0) {
      return std::unexpected(api::bad_request("invalid resource version \"" + std::string(text) +
                                              "\": strconv.ParseUint: parsing \"" + std::string(text) +
                                              "\": invalid syntax"));
    }
    out.has_revision = true;
    out.revision = *revision;
  }
  const std::string_view match = request.query_value("resourceVersionMatch");
  if (match.empty()) return {};
  if (match != "Exact" && match != "NotOlderThan") {
    return std::unexpected(
        invalid_options("resourceVersionMatch", "resourceVersionMatch must be Exact or NotOlderThan"));
  }
  if (!out.has_revision) {
    return std::unexpected(invalid_options("resourceVersionMatch",
                                           "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  }
  if (match == "Exact" && out.revision == 0) {
    return std::unexpected(invalid_options("resourceVersionMatch",
                                           "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
  }
  out.match = match == "Exact" ? RevisionMatch::kExact : RevisionMatch::kNotOlderThan;
  return {};
}

api::ApiResult<void> read_continue(const net::http::Request& request, ListOptions& out) {
  const std::string_view text = request.query_value("continue");
  if (text.empty()) return {};
  out.token = decode_continue(text);
  if (!out.token)
    return std::unexpected(
        api::bad_request("invalid continue token: continue key is not valid: it was not made by this server"));
  if (out.has_revision && out.revision != 0) {
    return std::unexpected(api::bad_request("specifying resource version is not allowed when using continue"));
  }
  return {};
}

}  // namespace

std::string encode_continue(const ContinueToken& token) {
  return base::base64url(json::serialize(
      json::Object{{"v", "appliance/v1"}, {"rv", token.revision}, {"ns", token.last.ns}, {"name", token.last.name}}));
}

std::optional<ContinueToken> decode_continue(std::string_view text) {
  const auto bytes = base::unbase64url(text);
  if (!bytes) return std::nullopt;
  const auto value = json::parse(*bytes);
  if (!value || json::string_at(*value, {"v"}) != "appliance/v1") return std::nullopt;
  ContinueToken out;
  out.revision = json::int_at(*value, {"rv"});
  out.last = {std::string(json::string_at(*value, {"ns"})), std::string(json::string_at(*value, {"name"}))};
  if (out.revision <= 0 || out.last.name.empty()) return std::nullopt;
  return out;
}

api::ApiResult<ListOptions> parse_list_options(const api::Kind& kind, const net::http::Request& request) {
  ListOptions out;
  auto labels = api::LabelSelector::parse(request.query_value("labelSelector"));
  if (!labels) return std::unexpected(std::move(labels).error());
  out.labels = std::move(*labels);
  auto fields = api::FieldSelector::parse(kind, request.query_value("fieldSelector"));
  if (!fields) return std::unexpected(std::move(fields).error());
  out.fields = std::move(*fields);
  if (request.has_query("limit")) {
    const auto limit = base::parse_int<int64_t>(request.query_value("limit"));
    if (!limit) return std::unexpected(api::bad_request("limit: not a number"));
    out.limit = std::max<int64_t>(0, *limit);
  }
  if (request.has_query("timeoutSeconds"))
    out.timeout_seconds = base::parse_int<int64_t>(request.query_value("timeoutSeconds"));
  out.allow_bookmarks = request.query_flag("allowWatchBookmarks");
  if (request.query_flag("sendInitialEvents")) {
    return std::unexpected(invalid_options(
        "sendInitialEvents", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"));
  }
  if (auto r = read_revision(request, out); !r) return std::unexpected(std::move(r).error());
  if (auto r = read_continue(request, out); !r) return std::unexpected(std::move(r).error());
  return out;
}

}  // namespace appliance::orchestrator::apiserver
