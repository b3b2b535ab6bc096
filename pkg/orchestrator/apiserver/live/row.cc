#include "orchestrator/apiserver/live/row.h"

#include "orchestrator/api/duration.h"
#include "orchestrator/api/table.h"
#include "orchestrator/apiserver/live/extra.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

constexpr size_t kScratchBytes = 64U << 10U;  // a pod's document and row; larger ones take more from the heap

using Memory = boost::json::monotonic_resource;

bool is_event(const api::Object& object) { return object.kind->kind == "Event"; }

// Of an event: when it was last seen.
int64_t time_of(const api::Object& object, const json::Value& document) {
  if (!is_event(object)) return object.meta.creation_seconds;
  for (const std::string_view text :
       {json::string_at(document, {"series", "lastObservedTime"}), json::string_at(document, {"lastTimestamp"}),
        json::string_at(document, {"eventTime"}), json::string_at(document, {"firstTimestamp"})}) {
    if (const auto seconds = api::parse_rfc3339(text)) return *seconds;
  }
  return object.meta.creation_seconds;
}

void add_labels(json::Object& row, const api::Labels& labels) {
  size_t bytes = 0;
  for (const auto& [key, value] : labels) bytes += key.size() + value.size();
  if (labels.empty() || bytes > kRowLabelBytesMax) return;
  json::Object& out = row["l"].emplace_object();
  for (const auto& [key, value] : labels) out[key] = value;
}

void add_controller(json::Object& row, const std::vector<api::OwnerReference>& owners) {
  for (const api::OwnerReference& owner : owners) {
    if (!owner.controller) continue;
    json::Array& out = row["o"].emplace_array();
    out.emplace_back(owner.kind);
    out.emplace_back(owner.name);
    out.emplace_back(owner.uid);
    return;
  }
}

std::string row_text(const api::Object& object, const json::Value& document, const Problem& problem,
                     int64_t now_seconds, Memory& memory) {
  json::Object row(&memory);
  row["u"] = object.meta.uid;
  row["n"] = object.key.name;
  if (!object.key.ns.empty()) row["s"] = object.key.ns;
  row["t"] = time_of(object, document);
  row["c"] = api::table_cells(*object.kind, document, now_seconds);
  if (problem.severity > 0) {
    row["v"] = problem.severity;
    row["w"] = problem.why;
  }
  if (object.meta.deletion_seconds) row["d"] = true;
  add_controller(row, object.meta.owners);
  add_labels(row, object.meta.labels);
  json::Object extra(&memory);
  add_extra(object, document, extra);
  if (!extra.empty()) row["x"] = std::move(extra);
  return json::serialize(json::Value(std::move(row)));
}

}  // namespace

RowMaker::RowMaker(int64_t now_seconds) : now_seconds_(now_seconds), scratch_(kScratchBytes) {}

Row RowMaker::make(const api::Object& object) {
  return make_if(object, [](const Problem&) { return true; });
}

Row RowMaker::make_if(const api::Object& object, bool (*wanted)(const Problem&)) {
  Memory memory(scratch_.data(), scratch_.size());
  const json::Value document = api::stored_document(object, &memory);
  Row out{.text = {}, .problem = problem_of(object, document, now_seconds_)};
  if (wanted(out.problem)) out.text = row_text(object, document, out.problem, now_seconds_, memory);
  return out;
}

Problem RowMaker::problem(const api::Object& object) {
  return make_if(object, [](const Problem&) { return false; }).problem;
}

std::string about_uid(const api::Object& object) {
  if (!is_event(object)) return {};
  return std::string(json::string_at(object.document(), {"involvedObject", "uid"}));
}

}  // namespace appliance::orchestrator::apiserver::live
