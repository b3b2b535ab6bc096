// change_object: read, decide, compare and write, again when somebody was faster. Every update, patch and delete goes
// through it.
//
//   change_object(core, kind, key, [](const ObjectPtr& now) -> ApiResult<Next> { ... }, [](ApiResult<Outcome> outcome)
//   { ... });
//
// The first attempt trusts the watch cache; when its decision is an error, or the write finds another revision, the
// cache is brought to the store's revision first. `decide` is called once per attempt and must be repeatable; both
// callbacks run on pool threads (the first `decide` in the caller).
#pragma once

#include <functional>
#include <optional>

#include "orchestrator/apiserver/core.h"

namespace appliance::orchestrator::apiserver {

inline constexpr int kAttemptsMax =
    8;  // lost races in a row before a client hears of the conflict; kube-apiserver: 5 for patches

struct Next {
  enum class Action : unsigned char { kPut, kDelete, kKeep };
  Action action = Action::kKeep;
  json::Value document;  // kPut: the new state
};
struct Outcome {
  api::ObjectPtr object;  // the state written, kept or deleted
  bool deleted = false;
};
using Decide = std::function<api::ApiResult<Next>(const api::ObjectPtr& current)>;  // current is null when absent
using Decided = std::move_only_function<void(api::ApiResult<Outcome>)>;

struct ChangeOptions {
  bool dry_run = false;
};
void change_object(Core& core, const api::Kind& kind, api::ObjectKey key, ChangeOptions options, Decide decide,
                   Decided done);

// One guarded write. `bytes` null: delete. `expected` 0: must not exist. `also`: another key that must still be at that
// revision (the namespace of a create). Answers on a pool thread.
struct Written {
  bool conflict = false;
  bool exists = false;  // with a conflict and `also`: the object is there, else the other key has moved
  int64_t revision = 0;
};
struct Unmoved {
  std::string path;
  int64_t revision = 0;
};
void compare_and_write(Core& core, const api::Kind& kind, const api::ObjectKey& key, int64_t expected,
                       store::SharedBytes bytes, std::move_only_function<void(api::ApiResult<Written>)> done,
                       const std::optional<Unmoved>& also = std::nullopt);

// An object of which only kind, key, revision and bytes are known: enough to answer with.
api::ObjectPtr bare_object(const api::Kind& kind, const api::ObjectKey& key, int64_t revision,
                           store::SharedBytes bytes);

}  // namespace appliance::orchestrator::apiserver
