// decode(): bytes of a request to a checked tree, and check_tree(), prune() for trees that exist already.
#include <algorithm>

#include "base/strings.h"
#include "base/yaml/yaml.h"
#include "orchestrator/api/engine.h"
#include "orchestrator/api/protobuf.h"
#include "orchestrator/api/tree.h"

namespace appliance::orchestrator::api {
namespace {

constexpr size_t kSummaryBytes = 30;  // of a body in an error text, as the real server shows

enum class Encoding : unsigned char { kJson, kYaml, kProtobuf, kOther };

Encoding encoding_of(std::string_view content_type) {
  const auto type = base::to_lower(base::trim(base::split(content_type, ';').front()));
  if (type.empty() || type == "application/json") return Encoding::kJson;
  if (type == "application/yaml") return Encoding::kYaml;
  if (type == "application/vnd.kubernetes.protobuf") return Encoding::kProtobuf;
  return Encoding::kOther;
}

std::string quoted(std::string_view text) { return json::serialize(json::Value(json::String(text))); }

std::string summary(std::string_view body) {
  if (body.empty()) return "<empty>";
  const std::string_view head = body.substr(0, kSummaryBytes);
  std::string out = body.front() == '{' ? std::string(head) : base::hex(head);
  if (body.size() > kSummaryBytes) out += " ...";
  return out;
}

ApiError unrecognized(const Kind& kind, std::string_view why, std::string_view body) {
  return bad_request("the object provided is unrecognized (must be of type " + kind.kind + "): " + std::string(why) +
                     " (" + summary(body) + ")");
}

ApiError cannot_be_handled(std::string_view body_kind, std::string_view version, const Kind& kind,
                           std::string_view why) {
  return bad_request(std::string(body_kind) + " in version " + quoted(version) + " cannot be handled as a " +
                     kind.kind + ": " + std::string(why));
}

ApiError unsupported_media_type() {
  ApiError error;
  error.code = 415;
  error.reason = "UnsupportedMediaType";
  error.message =
      "the body of the request was in an unknown format - accepted media types include: application/json, "
      "application/yaml, "
      "application/vnd.kubernetes.protobuf";
  return error;
}

ApiError too_large() {
  ApiError error;
  error.code = 413;
  error.reason = "RequestEntityTooLarge";
  error.message = "Request entity too large: limit is " + std::to_string(kBodyBytesMax);
  return error;
}

struct Parsed {
  json::Value tree;
  std::vector<std::string> duplicates;  // paths
};

ApiResult<Parsed> parse_body(const Kind& kind, std::string_view body, Encoding encoding, bool want_duplicates) {
  Parsed out;
  if (encoding == Encoding::kYaml) {
    auto tree = yaml::parse(body, {.bytes_max = kBodyBytesMax}, want_duplicates ? &out.duplicates : nullptr);
    if (!tree) return std::unexpected(unrecognized(kind, "couldn't get version/kind; " + tree.error().message, body));
    out.tree = std::move(*tree);
    return out;
  }
  auto tree = json::parse(body, {.depth_max = json::ParseLimits{}.depth_max, .bytes_max = kBodyBytesMax});
  if (!tree)
    return std::unexpected(
        unrecognized(kind, "couldn't get version/kind; json parse error: " + tree.error().message, body));
  out.tree = std::move(*tree);
  if (want_duplicates) {
    auto found = json::duplicate_keys(body, kWarningsMax);
    if (found) out.duplicates = std::move(*found);
  }
  return out;
}

std::string version_of(std::string_view api_version) {
  const auto slash = api_version.rfind('/');
  return std::string(slash == std::string_view::npos ? api_version : api_version.substr(slash + 1));
}

// The body's kind and apiVersion against what the URL says; absent ones are taken from the URL.
ApiResult<void> check_type_meta(const Kind& kind, const json::Value& tree, std::string_view body) {
  for (const auto* key : {"apiVersion", "kind"}) {
    const auto* value = json::find(tree, {key});
    if (value != nullptr && !value->is_string() && !value->is_null())
      return std::unexpected(unrecognized(
          kind, "couldn't get version/kind; json parse error: json: " + std::string(key) + " is not a string", body));
  }
  const std::string_view body_kind = json::string_at(tree, {"kind"});
  const std::string_view body_version = json::string_at(tree, {"apiVersion"});
  if (!body_version.empty() && body_version != kind.api_version())
    return std::unexpected(bad_request("the API version in the data (" + std::string(body_version) +
                                       ") does not match the expected API version (" + kind.api_version() + ")"));
  if (!body_kind.empty() && body_kind != kind.kind)
    return std::unexpected(cannot_be_handled(body_kind, version_of(kind.version), kind,
                                             "converting (" + kind.version + '.' + std::string(body_kind) + ") to (" +
                                                 (kind.group.empty() ? "core" : kind.group) + '.' + kind.kind +
                                                 "): unknown conversion"));
  return {};
}

void set_type_meta(const Kind& kind, json::Value& tree) {
  auto& object = tree.get_object();
  object["kind"] = kind.kind;
  object["apiVersion"] = kind.api_version();
}

std::string strict_text(const std::vector<std::string>& problems) {
  std::string out = "strict decoding error: ";
  for (size_t i = 0; i < problems.size(); ++i) out += (i == 0 ? "" : ", ") + problems[i];
  return out;
}

ApiResult<Decoded> decode_tree(const Kind& kind, std::string_view body, Encoding encoding, FieldValidation validation) {
  const bool is_checked = validation != FieldValidation::kIgnore;
  auto parsed = parse_body(kind, body, encoding, is_checked);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  if (!parsed->tree.is_object())
    return std::unexpected(
        unrecognized(kind, "couldn't get version/kind; json parse error: the document is not an object", body));
  if (auto fine = check_type_meta(kind, parsed->tree, body); !fine) return std::unexpected(std::move(fine.error()));

  std::vector<std::string> problems;
  for (const auto& path : parsed->duplicates) problems.push_back("duplicate field " + quoted(path));
  auto typed = check_types(*kind.schema, parsed->tree, is_checked ? &problems : nullptr, kWarningsMax);
  if (!typed) return std::unexpected(cannot_be_handled(kind.kind, kind.version, kind, typed.error()));
  if (validation == FieldValidation::kStrict && !problems.empty())
    return std::unexpected(cannot_be_handled(kind.kind, kind.version, kind, strict_text(problems)));
  set_type_meta(kind, parsed->tree);
  return Decoded{.object = std::move(parsed->tree), .warnings = std::move(problems)};
}

ApiResult<Decoded> decode_protobuf(const Kind& kind, std::string_view body) {
  auto message = protobuf_to_json(kind, body);
  if (!message) return std::unexpected(unrecognized(kind, message.error().message, body));
  if (auto fine = check_type_meta(kind, *message, body); !fine) return std::unexpected(std::move(fine.error()));
  auto typed = check_types(*kind.schema, *message, nullptr, 0);
  if (!typed) return std::unexpected(cannot_be_handled(kind.kind, kind.version, kind, typed.error()));
  set_type_meta(kind, *message);
  return Decoded{.object = std::move(*message), .warnings = {}};
}

}  // namespace

ApiResult<FieldValidation> parse_field_validation(std::string_view text) {
  if (text.empty() || text == "Warn") return FieldValidation::kWarn;
  if (text == "Strict") return FieldValidation::kStrict;
  if (text == "Ignore") return FieldValidation::kIgnore;
  static const Kind kOptions = {.group = "meta.k8s.io",
                                .version = "v1",
                                .kind = "CreateOptions",
                                .plural = {},
                                .singular = {},
                                .short_names = {},
                                .categories = {},
                                .verbs = {},
                                .columns = {}};
  return std::unexpected(
      invalid(kOptions, "", {not_supported("fieldValidation", json::String(text), {"", "Ignore", "Strict", "Warn"})}));
}

ApiResult<Decoded> decode(const Kind& kind, std::string_view body, std::string_view content_type,
                          FieldValidation validation) {
  if (body.size() > kBodyBytesMax) return std::unexpected(too_large());
  const Encoding encoding = encoding_of(content_type);
  if (encoding == Encoding::kOther) return std::unexpected(unsupported_media_type());
  return encoding == Encoding::kProtobuf ? decode_protobuf(kind, body) : decode_tree(kind, body, encoding, validation);
}

ApiResult<void> check_tree(const Kind& kind, json::Value& object, std::vector<std::string>* strict_errors) {
  auto typed = check_types(*kind.schema, object, strict_errors, kWarningsMax);
  if (!typed) return std::unexpected(cannot_be_handled(kind.kind, kind.version, kind, typed.error()));
  return {};
}

void prune(const Kind& kind, json::Value& object) {
  if (object.is_object())
    (void)check_types(*kind.schema, object, nullptr, 0);  // a wrong type is the caller's to report, by check_tree()
}

ApiResult<json::Value> decode_delete_options(std::string_view body, std::string_view content_type) {
  if (body.empty()) return json::Object();
  if (body.size() > kBodyBytesMax) return std::unexpected(too_large());
  const Kind& kind = delete_options_kind();
  const Encoding encoding = encoding_of(content_type);
  if (encoding == Encoding::kOther) return std::unexpected(unsupported_media_type());
  json::Value tree;
  if (encoding == Encoding::kProtobuf) {
    auto message = protobuf_to_json(kind, body);
    if (!message) return std::unexpected(unrecognized(kind, message.error().message, body));
    tree = std::move(*message);
  } else {
    auto parsed = parse_body(kind, body, encoding, false);
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    tree = std::move(parsed->tree);
  }
  if (const auto given = json::string_at(tree, {"kind"}); !given.empty() && given != "DeleteOptions")
    return std::unexpected(bad_request("decoded object cannot be converted to DeleteOptions"));
  if (auto fine = check_tree(kind, tree, nullptr); !fine) return std::unexpected(std::move(fine.error()));
  return tree;
}

}  // namespace appliance::orchestrator::api
