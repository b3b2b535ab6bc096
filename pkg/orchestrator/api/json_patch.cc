// RFC 6902 and RFC 7386 on trees.
#include "base/strings.h"
#include "orchestrator/api/patch.h"

namespace appliance::orchestrator::api {
namespace {

std::unexpected<Error> bad(std::string what) { return fail(Code::kInvalidArgument, std::move(what)); }

// "/a/b~1c" -> {"a", "b/c"}; the empty pointer is the document.
Result<std::vector<std::string>> pointer(std::string_view text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  if (text.front() != '/') return bad("a JSON pointer begins with '/': " + std::string(text));
  for (const auto part : base::split(text.substr(1), '/')) {
    std::string step;
    for (size_t i = 0; i < part.size(); ++i) {
      if (part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) {
        step += part[++i] == '0' ? '~' : '/';
      } else {
        step += part[i];
      }
    }
    out.push_back(std::move(step));
  }
  return out;
}

std::optional<size_t> index_of(std::string_view step, size_t size) {
  if (step.size() > 1 && step.front() == '0') return std::nullopt;
  const auto index = base::parse_int<size_t>(step);
  return index && *index < size ? index : std::nullopt;
}

json::Value* child(json::Value& at, const std::string& step) {
  if (at.is_object()) return at.get_object().if_contains(step);
  if (at.is_array()) {
    const auto index = index_of(step, at.get_array().size());
    return index ? &at.get_array()[*index] : nullptr;
  }
  return nullptr;
}

json::Value* walk(json::Value& document, const std::vector<std::string>& steps, size_t count) {
  json::Value* at = &document;
  for (size_t i = 0; i < count && at != nullptr; ++i) at = child(*at, steps[i]);
  return at;
}

Result<> add(json::Value& document, std::string_view path, json::Value value) {
  const auto steps = TRY(pointer(path));
  if (steps.empty()) {
    document = std::move(value);
    return {};
  }
  json::Value* parent = walk(document, steps, steps.size() - 1);
  if (parent == nullptr) return bad("add operation does not apply: doc is missing path: " + std::string(path));
  const std::string& last = steps.back();
  if (parent->is_object()) {
    parent->get_object()[last] = std::move(value);
    return {};
  }
  if (!parent->is_array()) return bad("add operation does not apply: doc is missing path: " + std::string(path));
  auto& list = parent->get_array();
  if (last == "-") {
    list.push_back(std::move(value));
    return {};
  }
  const auto index = index_of(last, list.size() + 1);
  if (!index) return bad("add operation does not apply: invalid array index: " + std::string(path));
  list.insert(list.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return {};
}

Result<json::Value> take(json::Value& document, std::string_view path) {
  const auto steps = TRY(pointer(path));
  json::Value* parent = steps.empty() ? nullptr : walk(document, steps, steps.size() - 1);
  json::Value* found = parent == nullptr ? nullptr : child(*parent, steps.back());
  if (found == nullptr) return bad("remove operation does not apply: doc is missing path: " + std::string(path));
  json::Value out = std::move(*found);
  if (parent->is_object()) {
    parent->get_object().stable_erase(steps.back());
  } else {
    parent->get_array().erase(parent->get_array().begin() + (found - parent->get_array().data()));
  }
  return out;
}

Result<> apply_one(json::Value& document, const json::Value& operation, size_t& copied_bytes) {
  const auto op = json::string_at(operation, {"op"});
  if (json::find(operation, {"path"}) == nullptr) return bad("a JSON patch operation needs a path");
  const auto path = json::string_at(operation, {"path"});
  const auto* value = json::find(operation, {"value"});
  const auto from = json::string_at(operation, {"from"});
  if (op == "add" || op == "replace" || op == "test") {
    if (value == nullptr && op != "test") return bad(std::string(op) + " operation needs a value");
  }
  if (op == "add") return add(document, path, *value);
  if (op == "remove") {
    TRY(take(document, path));
    return {};
  }
  const auto steps = TRY(pointer(path));
  json::Value* target = walk(document, steps, steps.size());
  if (op == "replace") {
    if (target == nullptr) return bad("replace operation does not apply: doc is missing key: " + std::string(path));
    *target = *value;
    return {};
  }
  if (op == "test") {
    static const json::Value kNull;
    const json::Value& wanted = value == nullptr ? kNull : *value;
    const json::Value& got = target == nullptr ? kNull : *target;
    if (got != wanted) return bad("testing value " + std::string(path) + " failed: test failed");
    return {};
  }
  if (op == "move") {
    if (path.starts_with(std::string(from) + '/')) return bad("move operation can't move a value into itself");
    auto moved = TRY(take(document, from));
    return add(document, path, std::move(moved));
  }
  if (op == "copy") {
    const auto source = TRY(pointer(from));
    json::Value* found = walk(document, source, source.size());
    if (found == nullptr) return bad("copy operation does not apply: doc is missing from path: " + std::string(from));
    copied_bytes += json::serialize(*found).size();
    if (copied_bytes > kPatchGrowthBytesMax) return bad("copy operations of one patch grow the document by too much");
    return add(document, path, json::Value(*found));
  }
  return bad("unexpected kind of JSON patch operation: " + std::string(op));
}

}  // namespace

json::Value merge_patch(json::Value original, const json::Value& patch) {
  if (!patch.is_object()) return patch;
  if (!original.is_object()) original.emplace_object();
  auto& object = original.get_object();
  for (const auto& member : patch.get_object()) {
    if (member.value().is_null()) {
      object.stable_erase(member.key());
    } else {
      auto& slot = object[member.key()];
      slot = merge_patch(std::move(slot), member.value());
    }
  }
  return original;
}

Result<json::Value> json_patch(json::Value original, const json::Value& operations) {
  if (!operations.is_array()) return bad("a JSON patch is a list of operations");
  if (operations.get_array().size() > kJsonPatchOperationsMax)
    return bad("the allowed maximum operations in a JSON patch is " + std::to_string(kJsonPatchOperationsMax) +
               ", got " + std::to_string(operations.get_array().size()));
  size_t copied_bytes = 0;
  for (const auto& operation : operations.get_array()) TRY(apply_one(original, operation, copied_bytes));
  return original;
}

}  // namespace appliance::orchestrator::api
