#include <algorithm>
#include <cmath>

#include "orchestrator/api/quantity.h"
#include "orchestrator/controllers/deployment.h"

namespace appliance::orchestrator::controllers {
namespace {

const json::Value* find_condition(const json::Value& deployment, std::string_view type) {
  for (const auto& condition : json::array_at(deployment, {"status", "conditions"}))
    if (json::string_at(condition, {"type"}) == type) return &condition;
  return nullptr;
}

// Keeps lastTransitionTime while the status stays, and lastUpdateTime while nothing changes at all.
json::Value condition(const json::Value& deployment, std::string_view type, bool status, std::string_view reason,
                      std::string_view message, const std::string& now, bool progress_made) {
  const auto* old = find_condition(deployment, type);
  const std::string_view status_text = status ? "True" : "False";
  const bool same = old != nullptr && json::string_at(*old, {"status"}) == status_text;
  const bool equal = same && json::string_at(*old, {"reason"}) == reason && !progress_made;
  return json::Object{{"type", type},
                      {"status", status_text},
                      {"lastUpdateTime", equal ? std::string(json::string_at(*old, {"lastUpdateTime"})) : now},
                      {"lastTransitionTime", same ? std::string(json::string_at(*old, {"lastTransitionTime"})) : now},
                      {"reason", reason},
                      {"message", message}};
}

struct Sums {
  int64_t wanted = 0;
  int64_t replicas = 0;
  int64_t ready = 0;
  int64_t available = 0;
};

Sums sum(const std::vector<Revision>& revisions) {
  Sums s;
  for (const auto& r : revisions) {
    s.wanted += r.wanted;
    s.replicas += r.replicas;
    s.ready += r.ready;
    s.available += r.available;
  }
  return s;
}

// Spreads a change of size over all revisions in proportion, the newest first for what rounding leaves (paused, or
// resized in the middle of a rollout).
void scale_in_proportion(std::vector<Scale>& scales, const std::vector<Revision>& revisions, int64_t total) {
  const int64_t have = sum(revisions).wanted;
  if (have == 0 || have == total) return;
  std::vector<size_t> order(revisions.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return revisions[a].number > revisions[b].number; });
  int64_t left = total;
  std::vector<int64_t> to(revisions.size());
  for (const size_t i : order) {
    to[i] = std::min(left, revisions[i].wanted * total / have);
    left -= to[i];
  }
  for (const size_t i : order) {
    if (left <= 0) break;
    if (revisions[i].wanted == 0) continue;
    to[i] += left;
    left = 0;
  }
  for (const size_t i : order)
    if (to[i] != revisions[i].wanted) scales.push_back({revisions[i].object->key, revisions[i].wanted, to[i]});
}

void plan_rolling(DeploymentPlan& plan, const std::vector<Revision>& revisions, int current, int64_t wanted,
                  const Limits& limits) {
  const Sums all = sum(revisions);
  const int64_t new_wanted = current >= 0 ? revisions[static_cast<size_t>(current)].wanted : 0;
  // Up: the new one, as far as the surge allows.
  if (current >= 0 && new_wanted > wanted) {
    plan.scales.push_back({revisions[static_cast<size_t>(current)].object->key, new_wanted, wanted});
  } else {
    const int64_t room = std::max<int64_t>(0, wanted + limits.surge - all.wanted);
    const int64_t to = std::min(wanted, new_wanted + room);
    if (current < 0) {
      plan.new_replicas = to;
    } else if (to != new_wanted) {
      plan.scales.push_back({revisions[static_cast<size_t>(current)].object->key, new_wanted, to});
      return;  // down in the next round, on what the cache then says
    }
  }
  if (current < 0) return;
  // Down: old ones, as far as availability allows. Unhealthy old pods cost nothing, so they go first.
  const int64_t min_available = wanted - limits.unavailable;
  const int64_t new_unavailable = new_wanted - revisions[static_cast<size_t>(current)].available;
  int64_t may_go = all.wanted - min_available - std::max<int64_t>(0, new_unavailable);
  if (may_go <= 0) return;
  std::vector<size_t> old;
  for (size_t i = 0; i < revisions.size(); ++i)
    if (static_cast<int>(i) != current && revisions[i].wanted > 0) old.push_back(i);
  std::sort(old.begin(), old.end(), [&](size_t a, size_t b) { return revisions[a].number < revisions[b].number; });
  std::vector<int64_t> to(revisions.size());
  for (const size_t i : old) {
    const int64_t unhealthy = std::min(std::max<int64_t>(0, revisions[i].wanted - revisions[i].available), may_go);
    to[i] = revisions[i].wanted - unhealthy;
    may_go -= unhealthy;
  }
  int64_t available_may_go = std::min(may_go, all.available - min_available);
  for (const size_t i : old) {
    const int64_t step = std::min(to[i], std::max<int64_t>(0, available_may_go));
    to[i] -= step;
    available_may_go -= step;
    if (to[i] != revisions[i].wanted) plan.scales.push_back({revisions[i].object->key, revisions[i].wanted, to[i]});
  }
}

void plan_recreate(DeploymentPlan& plan, const std::vector<Revision>& revisions, int current, int64_t wanted,
                   int64_t pods_of_old) {
  for (size_t i = 0; i < revisions.size(); ++i)
    if (static_cast<int>(i) != current && revisions[i].wanted > 0)
      plan.scales.push_back({revisions[i].object->key, revisions[i].wanted, 0});
  if (!plan.scales.empty() || pods_of_old > 0) {
    plan.create_new = false;
    return;
  }
  if (current < 0) {
    plan.new_replicas = wanted;
  } else if (const auto& now = revisions[static_cast<size_t>(current)]; now.wanted != wanted) {
    plan.scales.push_back({now.object->key, now.wanted, wanted});
  }
}

void plan_prune(DeploymentPlan& plan, const json::Value& deployment, const std::vector<Revision>& revisions,
                int current) {
  const int64_t keep = json::int_at(deployment, {"spec", "revisionHistoryLimit"}, 10);
  std::vector<const Revision*> idle;
  for (size_t i = 0; i < revisions.size(); ++i)
    if (static_cast<int>(i) != current && revisions[i].wanted == 0 && revisions[i].replicas == 0 &&
        !revisions[i].object->meta.deletion_seconds)
      idle.push_back(&revisions[i]);
  std::sort(idle.begin(), idle.end(), [](const Revision* a, const Revision* b) { return a->number < b->number; });
  for (size_t i = 0; static_cast<int64_t>(idle.size() - i) > keep; ++i) plan.prune.push_back(idle[i]->object->key);
}

}  // namespace

Limits rollout_limits(const json::Value& deployment) {
  if (json::string_at(deployment, {"spec", "strategy", "type"}) == "Recreate") return {};
  const int64_t wanted = json::int_at(deployment, {"spec", "replicas"}, 1);
  Limits limits{
      .surge = api::scaled_int_or_percent(json::find(deployment, {"spec", "strategy", "rollingUpdate", "maxSurge"}),
                                          wanted, true)
                   .value_or(0),
      .unavailable = api::scaled_int_or_percent(
                         json::find(deployment, {"spec", "strategy", "rollingUpdate", "maxUnavailable"}), wanted, false)
                         .value_or(0)};
  if (limits.surge == 0 && limits.unavailable == 0) limits.unavailable = 1;
  limits.unavailable = std::min(limits.unavailable, wanted);
  return limits;
}

DeploymentPlan plan_deployment(const json::Value& deployment, const std::vector<Revision>& revisions, int current,
                               int64_t pods_of_old, base::WallTime now) {
  DeploymentPlan plan;
  const int64_t wanted = json::int_at(deployment, {"spec", "replicas"}, 1);
  const bool paused = json::bool_at(deployment, {"spec", "paused"});
  const Limits limits = rollout_limits(deployment);
  const Sums all = sum(revisions);

  int64_t number = 0;
  for (size_t i = 0; i < revisions.size(); ++i)
    if (static_cast<int>(i) != current) number = std::max(number, revisions[i].number);
  plan.new_number = current >= 0 ? std::max(revisions[static_cast<size_t>(current)].number, number + 1) : number + 1;

  if (paused) {
    scale_in_proportion(plan.scales, revisions, wanted);
  } else {
    plan.create_new = current < 0;
    if (json::string_at(deployment, {"spec", "strategy", "type"}) == "Recreate") {
      plan_recreate(plan, revisions, current, wanted, pods_of_old);
    } else {
      plan_rolling(plan, revisions, current, wanted, limits);
    }
    plan_prune(plan, deployment, revisions, current);
  }

  const Revision* fresh = current >= 0 ? &revisions[static_cast<size_t>(current)] : nullptr;
  const int64_t updated = fresh != nullptr ? fresh->replicas : 0;
  auto& status = plan.status;
  status["observedGeneration"] = json::int_at(deployment, {"metadata", "generation"});
  if (all.replicas > 0) status["replicas"] = all.replicas;
  if (updated > 0) status["updatedReplicas"] = updated;
  if (all.ready > 0) status["readyReplicas"] = all.ready;
  if (all.available > 0) status["availableReplicas"] = all.available;
  if (const int64_t missing = std::max(wanted, all.wanted) - all.available; missing > 0)
    status["unavailableReplicas"] = missing;

  const std::string stamp = base::format_rfc3339(now);
  const bool available = all.available >= wanted - limits.unavailable;
  json::Array conditions;
  conditions.push_back(available ? condition(deployment, "Available", true, "MinimumReplicasAvailable",
                                             "Deployment has minimum availability.", stamp, false)
                                 : condition(deployment, "Available", false, "MinimumReplicasUnavailable",
                                             "Deployment does not have minimum availability.", stamp, false));

  const std::string what = fresh != nullptr ? "ReplicaSet \"" + fresh->object->key.name + '"' : "Deployment";
  const bool complete = fresh != nullptr && updated == wanted && all.replicas == wanted && all.available == wanted;
  const bool progress =
      json::int_at(deployment, {"status", "updatedReplicas"}) < updated ||
      json::int_at(deployment, {"status", "readyReplicas"}) < all.ready ||
      json::int_at(deployment, {"status", "availableReplicas"}) < all.available ||
      json::int_at(deployment, {"status", "replicas"}) - json::int_at(deployment, {"status", "updatedReplicas"}) >
          all.replicas - updated;
  const auto* old = find_condition(deployment, "Progressing");
  const std::string_view old_reason = old != nullptr ? json::string_at(*old, {"reason"}) : std::string_view();
  if (paused) {
    conditions.push_back(
        condition(deployment, "Progressing", true, "DeploymentPaused", "Deployment is paused", stamp, false));
  } else if (complete) {
    conditions.push_back(condition(deployment, "Progressing", true, "NewReplicaSetAvailable",
                                   what + " has successfully progressed.", stamp, false));
  } else if (plan.create_new) {
    conditions.push_back(
        condition(deployment, "Progressing", true, "NewReplicaSetCreated", "Created new replica set", stamp, true));
  } else {
    const int64_t deadline = json::int_at(deployment, {"spec", "progressDeadlineSeconds"}, 600);
    const auto updated_at =
        old != nullptr ? base::parse_rfc3339(json::string_at(*old, {"lastUpdateTime"})) : Result<base::WallTime>(now);
    const bool was_complete = old_reason == "NewReplicaSetAvailable";
    const bool late = old != nullptr && !progress && !was_complete && updated_at &&
                      now - *updated_at >= std::chrono::seconds(deadline);
    plan.deadline_running = !late;
    conditions.push_back(late || (old_reason == "ProgressDeadlineExceeded" && !progress)
                             ? condition(deployment, "Progressing", false, "ProgressDeadlineExceeded",
                                         what + " has timed out progressing.", stamp, false)
                             : condition(deployment, "Progressing", true, "ReplicaSetUpdated",
                                         what + " is progressing.", stamp, progress || was_complete));
  }
  for (const auto& revision : revisions)
    for (const auto& c : json::array_at(revision.document, {"status", "conditions"}))
      if (json::string_at(c, {"type"}) == "ReplicaFailure" && json::string_at(c, {"status"}) == "True" &&
          &revision == fresh)
        conditions.push_back(condition(deployment, "ReplicaFailure", true, "FailedCreate",
                                       json::string_at(c, {"message"}), stamp, false));
  status["conditions"] = std::move(conditions);
  if (const int64_t collisions = json::int_at(deployment, {"status", "collisionCount"}); collisions > 0)
    status["collisionCount"] = collisions;
  return plan;
}

}  // namespace appliance::orchestrator::controllers
