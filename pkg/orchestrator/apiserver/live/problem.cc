#include "orchestrator/apiserver/live/problem.h"

#include "orchestrator/api/duration.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

const json::Value* condition(const json::Value& document, std::string_view type) {
  for (const json::Value& one : json::array_at(document, {"status", "conditions"}))
    if (json::string_at(one, {"type"}) == type) return &one;
  return nullptr;
}

bool is(const json::Value* condition, std::string_view status) {
  return condition != nullptr && json::string_at(*condition, {"status"}) == status;
}

// ": why", from the message or else the reason; "" when it says neither.
std::string because(const json::Value* condition) {
  if (condition == nullptr) return {};
  std::string_view text = json::string_at(*condition, {"message"});
  if (text.empty()) text = json::string_at(*condition, {"reason"});
  return text.empty() ? std::string() : ": " + std::string(text);
}

Problem node_problem(const json::Value& node) {
  const json::Value* ready = condition(node, "Ready");
  if (ready == nullptr) return {2, "has not said yet whether it is ready"};
  if (is(ready, "False")) return {2, "not ready" + because(ready)};
  if (!is(ready, "True")) return {2, "does not answer" + because(ready)};
  if (const auto* one = condition(node, "NetworkUnavailable"); is(one, "True"))
    return {2, "its network is not set up" + because(one)};
  if (const auto* one = condition(node, "MemoryPressure"); is(one, "True"))
    return {1, "short of memory" + because(one)};
  if (const auto* one = condition(node, "DiskPressure"); is(one, "True")) return {1, "short of disk" + because(one)};
  if (const auto* one = condition(node, "PIDPressure"); is(one, "True"))
    return {1, "short of process numbers" + because(one)};
  return {};
}

Problem replica_failure(const json::Value& document) {
  const json::Value* failure = condition(document, "ReplicaFailure");
  if (!is(failure, "True")) return {};
  return {2, "pods cannot be made" + because(failure)};
}

std::string unavailable_text(int64_t available, int64_t wanted) {
  if (available <= 0)
    return wanted == 1 ? "its one replica is not available"
                       : "none of " + std::to_string(wanted) + " replicas is available";
  const int64_t missing = wanted - available;
  return std::to_string(missing) + " of " + std::to_string(wanted) + " replicas " + (missing == 1 ? "is" : "are") +
         " not available";
}

Problem deployment_problem(const api::Object& object, const json::Value& document, int64_t now_seconds) {
  if (Problem failure = replica_failure(document); failure.severity > 0) return failure;
  const int64_t wanted = json::int_at(document, {"spec", "replicas"}, 1);
  const int64_t available = json::int_at(document, {"status", "availableReplicas"});
  const json::Value* progressing = condition(document, "Progressing");
  if (is(progressing, "False") && json::string_at(*progressing, {"reason"}) == "ProgressDeadlineExceeded")
    return {2, "the rollout does not get on: " + (available < wanted
                                                      ? unavailable_text(available, wanted)
                                                      : std::string(json::string_at(*progressing, {"message"})))};
  if (available >= wanted) return {};
  const json::Value* enough = condition(document, "Available");
  if (!is(enough, "True")) {
    const auto since =
        enough == nullptr ? std::nullopt : api::parse_rfc3339(json::string_at(*enough, {"lastTransitionTime"}));
    if (now_seconds - since.value_or(object.meta.creation_seconds) < kUnavailableAfterSeconds) return {};
    return {available <= 0 ? 2 : 1, unavailable_text(available, wanted)};
  }
  const bool settled = progressing == nullptr || json::string_at(*progressing, {"reason"}) == "NewReplicaSetAvailable";
  return settled ? Problem{1, unavailable_text(available, wanted)} : Problem{};
}

Problem namespace_problem(const api::Object& object, const json::Value& document, int64_t now_seconds) {
  if (!object.meta.deletion_seconds || now_seconds - *object.meta.deletion_seconds < kOverdueAfterSeconds) return {};
  for (const json::Value& one : json::array_at(document, {"status", "conditions"}))
    if (is(&one, "True") && !json::string_at(one, {"message"}).empty())
      return {1, "cannot be deleted yet" + because(&one)};
  return {1, "is being deleted for long: something in it does not go"};
}

Problem judge(const api::Object& object, const json::Value& document, int64_t now_seconds) {
  const std::string& kind = object.kind->kind;
  if (kind == "Pod") return pod_problem(object, document, now_seconds);
  if (kind == "Node") return node_problem(document);
  if (kind == "Deployment") return deployment_problem(object, document, now_seconds);
  if (kind == "ReplicaSet") return replica_failure(document);
  if (kind == "Namespace") return namespace_problem(object, document, now_seconds);
  return {};
}

}  // namespace

Problem problem_of(const api::Object& object, const json::Value& document, int64_t now_seconds) {
  Problem out = judge(object, document, now_seconds);
  out.why = one_line(out.why);
  return out;
}

bool may_have_problem(const api::Object& object) {
  if (const auto* pod = std::get_if<api::PodFacts>(&object.facts)) {
    if (pod->phase == "Succeeded") return false;
    return !pod->ready || pod->phase != "Running" || pod->restarts > 0 || object.meta.deletion_seconds.has_value();
  }
  const std::string& kind = object.kind->kind;
  return kind == "Node" || kind == "Deployment" || kind == "ReplicaSet" || kind == "Namespace";
}

bool problem_depends_on_time(const api::Kind& kind) {
  return kind.kind == "Pod" || kind.kind == "Deployment" || kind.kind == "Namespace";
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.size() <= kWhyBytesMax) return out;
  constexpr std::string_view kEllipsis = "\xe2\x80\xa6";
  size_t end = kWhyBytesMax - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;  // not inside a character
  out.resize(end);
  return out.append(kEllipsis);
}

}  // namespace appliance::orchestrator::apiserver::live
