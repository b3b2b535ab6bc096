// apply_patch(): parse, apply, check; with the words of the real server around each failure.
#include "orchestrator/api/patch.h"

#include <algorithm>

#include "orchestrator/api/tree.h"

namespace appliance::orchestrator::api {
namespace {

std::string quoted(std::string_view text) { return json::serialize(json::Value(json::String(text))); }

// `map[a:1 b:map[c:x]]`: how Go prints a map, which is what the error shows of a strategic merge patch.
void go_text(std::string& out, const json::Value& value) {
  if (const auto* object = value.if_object(); object != nullptr) {
    std::vector<std::pair<std::string_view, const json::Value*>> members;
    for (const auto& member : *object)
      members.emplace_back(std::string_view(member.key().data(), member.key().size()), &member.value());
    std::sort(members.begin(), members.end());
    out += "map[";
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ' ';
      out += members[i].first;
      out += ':';
      go_text(out, *members[i].second);
    }
    out += ']';
  } else if (const auto* array = value.if_array(); array != nullptr) {
    out += '[';
    for (size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ' ';
      go_text(out, (*array)[i]);
    }
    out += ']';
  } else if (value.is_string()) {
    out.append(value.get_string().data(), value.get_string().size());
  } else if (value.is_null()) {
    out += "<nil>";
  } else {
    out += json::serialize(value);
  }
}

// 422 with a cause at "patch" and no kind: kubectl prints `The request is invalid: patch: Invalid value: ...`.
ApiError invalid_patch(const std::string& shown, const std::string& why) {
  static const Kind kNone;
  return invalid(kNone, "", {invalid("patch", json::String(shown), why)});
}

// The patch is well-formed and doesn't apply.
ApiError rejected() {
  ApiError error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = "the server rejected our request due to an error in our request";
  return error;
}

ApiResult<json::Value> applied(const Kind& kind, PatchType type, const json::Value& original,
                               const json::Value& patch) {
  if (type == PatchType::kMerge) {
    if (!patch.is_object()) return std::unexpected(bad_request("a merge patch is a JSON object"));
    return merge_patch(original, patch);
  }
  if (type == PatchType::kJson) {
    if (!patch.is_array()) return std::unexpected(bad_request("a JSON patch is a list of operations"));
    if (patch.get_array().size() > kJsonPatchOperationsMax) {
      ApiError error =
          bad_request("The allowed maximum operations in a JSON patch is " + std::to_string(kJsonPatchOperationsMax) +
                      ", got " + std::to_string(patch.get_array().size()));
      error.code = 413;
      error.reason = "RequestEntityTooLarge";
      return std::unexpected(std::move(error));
    }
    auto out = json_patch(original, patch);
    if (!out) return std::unexpected(rejected());
    return std::move(*out);
  }
  auto out = strategic_merge_patch(*kind.schema, original, patch);
  if (!out) return std::unexpected(bad_request(out.error().message));
  return std::move(*out);
}

std::string shown_patch(PatchType type, const json::Value& patched, const json::Value& patch) {
  if (type != PatchType::kStrategicMerge) return json::serialize(patched);
  std::string out;
  go_text(out, patch);
  return out;
}

}  // namespace

ApiResult<json::Value> apply_patch(const Kind& kind, PatchType type, const json::Value& original,
                                   std::string_view patch_body, FieldValidation validation,
                                   std::vector<std::string>* warnings) {
  auto patch = json::parse(patch_body, {.depth_max = json::ParseLimits{}.depth_max, .bytes_max = kBodyBytesMax});
  if (!patch) return std::unexpected(bad_request("error decoding patch: " + patch.error().message));
  auto patched = applied(kind, type, original, *patch);
  if (!patched) return std::unexpected(std::move(patched.error()));
  if (!patched->is_object()) return std::unexpected(rejected());

  std::vector<std::string> problems;
  if (validation != FieldValidation::kIgnore) {
    auto twice = json::duplicate_keys(patch_body, kWarningsMax);
    if (twice)
      for (const auto& path : *twice) problems.push_back("duplicate field " + quoted(path));
  }
  json::Value checked = *patched;
  const auto typed =
      check_types(*kind.schema, checked, validation == FieldValidation::kIgnore ? nullptr : &problems, kWarningsMax);
  if (!typed) return std::unexpected(invalid_patch(shown_patch(type, *patched, *patch), typed.error()));
  if (!problems.empty() && validation == FieldValidation::kStrict) {
    std::string text = "strict decoding error: ";
    for (size_t i = 0; i < problems.size(); ++i) text += (i == 0 ? "" : ", ") + problems[i];
    return std::unexpected(invalid_patch(shown_patch(type, *patched, *patch), text));
  }
  if (warnings != nullptr) warnings->insert(warnings->end(), problems.begin(), problems.end());
  checked.get_object()["kind"] = kind.kind;
  checked.get_object()["apiVersion"] = kind.api_version();
  return checked;
}

}  // namespace appliance::orchestrator::api
