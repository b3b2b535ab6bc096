// Strategic merge patch. Maps merge by key; lists are replaced unless the schema gives them a merge key (or, for
// primitives, the merge strategy). Order of a merged list: items of the patch (or of $setElementOrder) in the patch's
// order, items that only the server has in theirs, the two interleaved by the server's order where it knows both.
#include <algorithm>
#include <optional>
#include <unordered_map>

#include "orchestrator/api/patch.h"

namespace appliance::orchestrator::api {
namespace {

constexpr std::string_view kPatchKey = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeletePrefix = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrderPrefix = "$setElementOrder/";

std::unexpected<Error> bad(std::string what) { return fail(Code::kInvalidArgument, std::move(what)); }

std::string_view view(json::String const& text) { return {text.data(), text.size()}; }
std::string_view key_of(const auto& member) { return {member.key().data(), member.key().size()}; }

Result<json::Value> merge_objects(const Schema* schema, json::Value original, const json::Value& patch);

bool is_merged(const Field* field) {
  return field != nullptr && (field->patch == PatchStrategy::kMerge || field->patch == PatchStrategy::kMergeRetainKeys);
}

constexpr size_t kNowhere = static_cast<size_t>(-1);

// Where items stand in a list, by merge key or, without one, by value. Hashed: a patch can be megabytes of small items.
class Positions {
 public:
  explicit Positions(std::string_view merge_key) : merge_key_(merge_key) {}
  Positions(const json::Array& list, std::string_view merge_key) : merge_key_(merge_key) {
    for (size_t i = 0; i < list.size(); ++i) add(list[i], i);
  }
  void add(const json::Value& item, size_t index) {
    if (auto key = key_text(item)) index_.emplace(std::move(*key), index);  // the first one counts
  }
  [[nodiscard]] size_t of(const json::Value& item) const {
    const auto key = key_text(item);
    const auto found = key ? index_.find(*key) : index_.end();
    return found == index_.end() ? kNowhere : found->second;
  }

 private:
  [[nodiscard]] std::optional<std::string> key_text(const json::Value& item) const {
    if (merge_key_.empty()) return json::serialize(item);
    const auto* key = json::find(item, {merge_key_});
    if (key == nullptr) return std::nullopt;
    return json::serialize(*key);
  }

  std::string_view merge_key_;
  std::unordered_map<std::string, size_t> index_;
};

// `items` by where they stand in `order`; those that it lacks at the end, in their order.
json::Array sorted_by(json::Array items, const Positions& order) {
  std::vector<std::pair<size_t, size_t>> places;
  for (size_t i = 0; i < items.size(); ++i) places.emplace_back(order.of(items[i]), i);
  std::sort(places.begin(), places.end());
  json::Array out;
  out.reserve(items.size());
  for (const auto& [_, i] : places) out.push_back(std::move(items[i]));
  return out;
}

json::Array ordered(json::Array merged, const json::Array& patch_order, const json::Array& server_order,
                    std::string_view merge_key) {
  const Positions in_patch(patch_order, merge_key);
  const Positions in_server(server_order, merge_key);
  json::Array ours;
  json::Array theirs;
  for (auto& item : merged) (in_patch.of(item) != kNowhere ? ours : theirs).push_back(std::move(item));
  ours = sorted_by(std::move(ours), in_patch);
  theirs = sorted_by(std::move(theirs), in_server);
  json::Array out;
  size_t i = 0;
  size_t j = 0;
  while (i < theirs.size() || j < ours.size()) {
    bool take_theirs = j >= ours.size();
    if (i < theirs.size() && j < ours.size()) {
      const size_t left = in_server.of(theirs[i]);
      const size_t right = in_server.of(ours[j]);
      take_theirs = left != kNowhere && right != kNowhere && left < right;
    }
    out.push_back(std::move(take_theirs ? theirs[i++] : ours[j++]));
  }
  return out;
}

// Items of the patch with $patch: delete or replace, applied; `rest` gets the ordinary ones.
Result<> apply_special_items(json::Array& original, const json::Array& patch, std::string_view merge_key,
                             json::Array& rest) {
  bool is_replaced = false;
  Positions gone(merge_key);
  for (const auto& item : patch) {
    const auto directive = json::string_at(item, {kPatchKey});
    if (directive == "replace") {
      is_replaced = true;
    } else if (directive == "delete") {
      if (json::find(item, {merge_key}) == nullptr) return bad("delete patch type with no merge key defined");
      gone.add(item, 0);
    } else if (!directive.empty() && directive != "merge") {
      return bad("unknown patch type " + std::string(directive) + " found");
    } else {
      rest.push_back(item);
    }
  }
  json::Array kept;
  for (auto& item : original)
    if (!is_replaced && gone.of(item) == kNowhere) kept.push_back(std::move(item));
  original = std::move(kept);
  return {};
}

Result<json::Array> merge_object_lists(const Field& field, json::Array original, const json::Array& patch) {
  const json::Array server_order = original;
  json::Array rest;
  TRY(apply_special_items(original, patch, field.merge_key, rest));
  Positions places(original, field.merge_key);
  for (const auto& item : rest) {
    if (!item.is_object()) return bad("expected an object in a list of " + std::string(field.name));
    if (json::find(item, {field.merge_key}) == nullptr)
      return bad("map: " + json::serialize(item) +
                 " does not contain declared merge key: " + std::string(field.merge_key));
    const size_t at = places.of(item);
    auto merged =
        TRY(merge_objects(field.ref, at == kNowhere ? json::Value(json::Object()) : std::move(original[at]), item));
    if (at == kNowhere) {
      original.push_back(std::move(merged));
      places.add(original.back(), original.size() - 1);
    } else {
      original[at] = std::move(merged);
    }
  }
  return ordered(std::move(original), rest, server_order, field.merge_key);
}

json::Array merge_primitive_lists(json::Array original, const json::Array& patch) {
  const json::Array server_order = original;
  Positions places(original, {});
  for (const auto& item : patch) {
    if (places.of(item) != kNowhere) continue;
    original.push_back(item);
    places.add(item, original.size() - 1);
  }
  return ordered(std::move(original), patch, server_order, {});
}

Result<json::Value> merge_values(const Field* field, json::Value original, const json::Value& patch) {
  if (patch.is_object()) {
    const Schema* schema = field != nullptr && field->type == Type::kObject ? field->ref : nullptr;
    if (field != nullptr && field->shape == Shape::kMap && field->type == Type::kObject) schema = nullptr;
    return merge_objects(schema, original.is_object() ? std::move(original) : json::Value(json::Object()), patch);
  }
  if (patch.is_array() && is_merged(field)) {
    json::Array list;
    if (original.is_array()) list = std::move(original.get_array());
    if (field->type == Type::kObject)
      return json::Value(TRY(merge_object_lists(*field, std::move(list), patch.get_array())));
    return json::Value(merge_primitive_lists(std::move(list), patch.get_array()));
  }
  return patch;
}

void delete_from_list(json::Object& original, std::string_view name, const json::Value& values) {
  auto* list = original.if_contains(name);
  if (list == nullptr || !list->is_array() || !values.is_array()) return;
  const Positions gone(values.get_array(), {});
  json::Array kept;
  for (auto& item : list->get_array())
    if (gone.of(item) == kNowhere) kept.push_back(std::move(item));
  list->get_array() = std::move(kept);
}

void set_order(const Schema* schema, json::Object& object, const json::Array& server_order, std::string_view name,
               const json::Value& order) {
  auto* list = object.if_contains(name);
  const Field* field = schema == nullptr ? nullptr : find_field(*schema, name);
  if (list == nullptr || !list->is_array() || !order.is_array()) return;
  const std::string_view merge_key =
      field != nullptr && field->type == Type::kObject ? field->merge_key : std::string_view();
  *list = ordered(std::move(list->get_array()), order.get_array(), server_order, merge_key);
}

Result<> retain_keys(json::Object& object, const json::Value& keys, const json::Object& patch) {
  if (!keys.is_array()) return bad("$retainKeys is not a list");
  const auto is_kept = [&](std::string_view name) {
    return std::any_of(keys.get_array().begin(), keys.get_array().end(),
                       [&](const json::Value& key) { return key.is_string() && view(key.get_string()) == name; });
  };
  for (const auto& member : patch) {
    if (key_of(member).starts_with('$') || member.value().is_null()) continue;
    if (!is_kept(key_of(member))) return bad("$retainKeys list doesn't contain the key " + std::string(member.key()));
  }
  std::vector<std::string> gone;
  for (const auto& member : object)
    if (!is_kept(key_of(member))) gone.emplace_back(member.key());
  for (const auto& key : gone) object.stable_erase(key);
  return {};
}

// $patch of a map; true: the map is done.
Result<bool> apply_map_directive(json::Value& original, const json::Object& patch) {
  const auto* directive = patch.if_contains(kPatchKey);
  if (directive == nullptr) return false;
  const std::string_view type = directive->is_string() ? view(directive->get_string()) : std::string_view();
  if (type == "merge") return false;
  if (type == "delete") {
    original.emplace_object();
    return true;
  }
  if (type == "replace") {
    json::Object replaced = patch;
    replaced.stable_erase(kPatchKey);
    original = std::move(replaced);
    return true;
  }
  return bad("unknown patch type found: " + std::string(type));
}

Result<json::Value> merge_objects(const Schema* schema, json::Value original, const json::Value& patch) {
  const auto& changes = patch.get_object();
  if (TRY(apply_map_directive(original, changes))) return original;
  auto& object = original.get_object();
  if (const auto* keys = changes.if_contains(kRetainKeys); keys != nullptr) TRY(retain_keys(object, *keys, changes));

  json::Object before;  // lists as the server has them, for $setElementOrder
  for (const auto& member : changes) {
    if (!key_of(member).starts_with(kOrderPrefix)) continue;
    const auto name = key_of(member).substr(kOrderPrefix.size());
    if (const auto* list = object.if_contains(name); list != nullptr) before[name] = *list;
  }
  for (const auto& member : changes)
    if (key_of(member).starts_with(kDeletePrefix))
      delete_from_list(object, key_of(member).substr(kDeletePrefix.size()), member.value());
  for (const auto& member : changes) {
    const std::string_view name = key_of(member);
    if (name.starts_with(kDeletePrefix) || name.starts_with(kOrderPrefix) || name == kPatchKey || name == kRetainKeys)
      continue;
    if (member.value().is_null()) {
      object.stable_erase(name);
      continue;
    }
    const Field* field = schema == nullptr ? nullptr : find_field(*schema, name);
    json::Value current;
    if (auto* slot = object.if_contains(name); slot != nullptr) current = std::move(*slot);
    object[name] = TRY(merge_values(field, std::move(current), member.value()));
  }
  for (const auto& member : changes) {
    if (!key_of(member).starts_with(kOrderPrefix)) continue;
    const auto name = key_of(member).substr(kOrderPrefix.size());
    const auto* list = before.if_contains(name);
    static const json::Array kNone;
    set_order(schema, object, list != nullptr && list->is_array() ? list->get_array() : kNone, name, member.value());
  }
  return original;
}

}  // namespace

Result<json::Value> strategic_merge_patch(const Schema& schema, json::Value original, const json::Value& patch) {
  if (!patch.is_object()) return bad("the patch is not an object");
  if (!original.is_object()) original.emplace_object();
  return merge_objects(&schema, std::move(original), patch);
}

}  // namespace appliance::orchestrator::api
