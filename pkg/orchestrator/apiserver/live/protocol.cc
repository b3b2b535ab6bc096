#include "orchestrator/apiserver/live/protocol.h"

#include <algorithm>
#include <array>

#include "base/json/json.h"
#include "orchestrator/api/table.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

using Parsed = std::expected<ClientFrame, Refusal>;

constexpr size_t kDepthMax = 4;  // a frame is flat

std::unexpected<Refusal> refuse(std::optional<int64_t> sub, std::string message) {
  return std::unexpected(Refusal{.sub = sub, .error = api::bad_request(std::move(message))});
}

// Takes fields one by one; the first complaint is kept.
class Fields {
 public:
  explicit Fields(const json::Object& object) : object_(object) {}

  std::string word(std::string_view name) {
    const json::Value* value = json::find(object_, name);
    if (value == nullptr) return {};
    if (!value->is_string()) {
      complain(name, "must be a string");
      return {};
    }
    const std::string_view text = value->get_string();
    if (text.size() > kWordBytesMax) complain(name, "must be no more than " + std::string(kWordsMax) + " bytes");
    if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; }))
      complain(name, "must be printable ASCII without blanks");
    return std::string(text);
  }
  // Only `allowed` may stand there; true when one does.
  bool is(std::string_view name, std::string_view allowed) {
    const std::string text = word(name);
    if (!text.empty() && text != allowed) complain(name, "must be \"" + std::string(allowed) + '"');
    return text == allowed;
  }
  void complain(std::string_view name, const std::string& what) {
    if (complaint_.empty()) complaint_ = std::string(name) + ": " + what;
  }
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  const json::Object& object_;
  std::string complaint_;
};

std::optional<int64_t> number_of(const json::Object& object, std::string_view name) {
  const json::Value* value = json::find(object, name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0 || value->get_int64() > kSubMax)
    return std::nullopt;
  return value->get_int64();
}

// A field that is not known is refused: it would select less than its sender thinks.
std::string unknown_field(const json::Object& object, std::initializer_list<std::string_view> known) {
  for (const auto& field : object)
    if (std::ranges::find(known, std::string_view(field.key())) == known.end()) return std::string(field.key());
  return {};
}

Selection read_selection(Fields& fields) {
  Selection out;
  out.group = fields.word("group");
  out.plural = fields.word("kind");
  out.ns = fields.word("ns");
  out.name = fields.word("name");
  out.owner = fields.word("owner");
  out.node = fields.word("node");
  out.about = fields.word("about");
  out.only_problems = fields.is("only", "problems");
  const bool core = out.group.empty();
  if (!out.node.empty() && !(core && out.plural == "pods")) fields.complain("node", "only pods have one");
  if (!out.about.empty() && !(core && out.plural == "events")) fields.complain("about", "only events have it");
  return out;
}

UsageSelection read_usage(Fields& fields) {
  UsageSelection out;
  const std::string what = fields.word("usage");
  if (what != "nodes" && what != "pods") fields.complain("usage", "must be \"nodes\" or \"pods\"");
  out.what = what == "pods" ? UsageOf::kPods : UsageOf::kNodes;
  out.node = fields.word("node");
  out.ns = fields.word("ns");
  if (out.what == UsageOf::kNodes && !out.ns.empty()) fields.complain("ns", "nodes have none");
  return out;
}

Parsed read_subscribe(const json::Object& object) {
  const auto sub = number_of(object, "sub");
  if (!sub) return refuse(std::nullopt, "sub: must be a whole number from 0 to 2^53-1");
  const bool usage = json::find(object, "usage") != nullptr;
  const std::string unknown =
      usage ? unknown_field(object, {"sub", "usage", "node", "ns"})
            : unknown_field(object, {"sub", "kind", "group", "ns", "name", "owner", "node", "about", "only"});
  Fields fields(object);
  Subscribe out{.sub = *sub, .what = {}};
  if (usage) {
    out.what = read_usage(fields);
  } else {
    Selection selection = read_selection(fields);
    if (selection.plural.empty()) fields.complain("kind", "is needed: the plural, as in \"pods\"");
    out.what = std::move(selection);
  }
  if (!unknown.empty()) return refuse(sub, "unknown field " + json::serialize(json::String(unknown)));
  if (!fields.complaint().empty()) return refuse(sub, fields.complaint());
  return out;
}

Parsed read_unsubscribe(const json::Object& object) {
  const auto sub = number_of(object, "unsub");
  if (!sub) return refuse(std::nullopt, "unsub: must be a whole number from 0 to 2^53-1");
  if (object.size() != 1) return refuse(std::nullopt, "unsub: nothing else may stand beside it");
  return Unsubscribe{.sub = *sub};
}

std::string head(int64_t sub) { return "{\"sub\":" + std::to_string(sub); }

std::string counts_text(const Counts& counts) {
  return ",\"rv\":" + std::to_string(counts.revision) + ",\"total\":" + std::to_string(counts.total) +
         ",\"problems\":" + std::to_string(counts.problems) + '}';
}

// `{"sub":7,"rows":[...]}` without growing on the way.
void append_list(std::string& out, std::string_view name, std::string_view items) {
  out.append(",\"").append(name).append("\":[").append(items).append("]");
}

}  // namespace

Parsed parse_frame(std::string_view text) {
  if (text.size() > kFrameBytesMax)
    return refuse(std::nullopt, "a frame may have " + std::to_string(kFrameBytesMax) + " bytes");
  auto document = json::parse(text, {.depth_max = kDepthMax, .bytes_max = kFrameBytesMax});
  if (!document) return refuse(std::nullopt, "the frame is not JSON: " + document.error().message);
  if (!document->is_object()) return refuse(std::nullopt, "a frame is an object");
  const json::Object& object = document->get_object();
  if (json::find(object, "unsub") != nullptr) return read_unsubscribe(object);
  if (json::find(object, "sub") != nullptr) return read_subscribe(object);
  return refuse(std::nullopt, "a frame has \"sub\" or \"unsub\"");
}

std::string hello_frame(const Hello& hello) {
  json::Object out{{"version", kProtocolVersion}, {"build", hello.build}, {"user", hello.user}};
  json::Array groups;
  for (const std::string& group : hello.groups) groups.emplace_back(group);
  out["groups"] = std::move(groups);
  out["node"] = hello.node;
  return json::serialize(json::Object{{"hello", std::move(out)}});
}

std::string columns_frame(int64_t sub, const api::Kind& kind) {
  json::Array columns;
  for (const json::Value& column : api::table_columns(kind))
    columns.push_back(
        json::Object{{"name", column.at("name")}, {"type", column.at("type")}, {"priority", column.at("priority")}});
  return head(sub) + ",\"columns\":" + json::serialize(columns) + '}';
}

std::string rows_frame(int64_t sub, std::string_view rows) {
  std::string out = head(sub);
  out.reserve(out.size() + rows.size() + 16);
  append_list(out, "rows", rows);
  return out + '}';
}

std::string synced_frame(int64_t sub, const Counts& counts) {
  return head(sub) + ",\"synced\":true" + counts_text(counts);
}

std::string change_frame(int64_t sub, std::string_view up, std::string_view del, const Counts& counts) {
  std::string out = head(sub);
  out.reserve(out.size() + up.size() + del.size() + 96);
  if (!up.empty()) append_list(out, "up", up);
  if (!del.empty()) append_list(out, "del", del);
  return out + counts_text(counts);
}

std::string usage_frame(int64_t sub, std::string_view entries) {
  return head(sub).append(",\"usage\":").append(entries).append("}");
}

std::string reset_frame(int64_t sub) { return head(sub) + ",\"reset\":true}"; }
std::string end_frame(int64_t sub) { return head(sub) + ",\"end\":true}"; }

std::string error_frame(std::optional<int64_t> sub, const api::ApiError& error) {
  const std::string status = json::serialize(api::to_status(error));
  return (sub ? head(*sub) + ',' : std::string("{")) + "\"error\":" + status + '}';
}

}  // namespace appliance::orchestrator::apiserver::live
