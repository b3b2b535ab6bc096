// delete and deletecollection (kube-api page 3.2): preconditions, grace of pods, finalizers, propagation, namespaces in
// two steps. What depends on the object is decided by next_of_delete(), which is pure.
#include <atomic>

#include "base/strings.h"
#include "orchestrator/apiserver/delete_plan.h"
#include "orchestrator/apiserver/list_options.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

void answer(Core& core, Call& call, const Outcome& outcome) {
  const api::Object& object = *outcome.object;
  if (outcome.deleted && call.kind->resource() != "pods") {
    return respond_json(call, 200, api::success_status(*call.kind, object.key.name, object.meta.uid));
  }
  respond_object(call, 200, object, core.clock.now());
}

struct Sweep {  // of a collection
  CallPtr call;
  ListAnswer answer;
  std::mutex mutex;
  std::optional<api::ApiError> error;  // the first
  std::atomic<size_t> left{0};
};

void finish(Core& core, Sweep& sweep) {
  if (sweep.error) return respond_error(*sweep.call, *sweep.error);
  respond_list(*sweep.call, sweep.answer, core.clock.now());
}

void sweep_all(Core& core, const CallPtr& call, const ListOptions& selection, const DeleteOptions& options) {
  auto sweep = std::make_shared<Sweep>();
  sweep->call = call;
  Listing listing = core.cache.list(*call->kind, call->ns());
  sweep->answer.revision = listing.revision;
  for (api::ObjectPtr& object : listing.objects) {
    if (selection.matches(*object)) sweep->answer.objects.push_back(std::move(object));
  }
  sweep->left = sweep->answer.objects.size() + 1;
  const auto one_done = [&core, sweep](const api::ApiError* error) {
    if (error != nullptr && error->code != 404) {
      const std::lock_guard lock(sweep->mutex);
      if (!sweep->error) sweep->error = *error;
    }
    if (--sweep->left == 0) finish(core, *sweep);
  };
  for (const api::ObjectPtr& object : sweep->answer.objects) {
    delete_object(core, *call->kind, object->key, options, call->dry_run,
                  [one_done](api::ApiResult<Outcome> outcome) { one_done(outcome ? nullptr : &outcome.error()); });
  }
  one_done(nullptr);
}

}  // namespace

void delete_object(Core& core, const api::Kind& kind, api::ObjectKey key, DeleteOptions options, bool dry_run,
                   Decided done) {
  auto decide = [&core, &kind, key,
                 options = std::move(options)](const api::ObjectPtr& current) -> api::ApiResult<Next> {
    if (!current) return std::unexpected(api::not_found(kind, key.name));
    return next_of_delete(*current, options, unix_seconds(core.clock.now()));
  };
  change_object(core, kind, key, {.dry_run = dry_run}, std::move(decide), std::move(done));
}

void serve_delete(Core& core, const CallPtr& call) {
  auto options = parse_delete_options(call->request());
  if (!options) return respond_error(*call, options.error());
  call->dry_run = call->dry_run || options->dry_run;
  delete_object(core, *call->kind, call->key(), *options, call->dry_run,
                [&core, call](api::ApiResult<Outcome> outcome) {
                  if (!outcome) return respond_error(*call, outcome.error());
                  answer(core, *call, *outcome);
                });
}

void serve_delete_collection(Core& core, const CallPtr& call) {
  auto options = parse_delete_options(call->request());
  if (!options) return respond_error(*call, options.error());
  auto selection = parse_list_options(*call->kind, call->request());
  if (!selection) return respond_error(*call, selection.error());
  call->dry_run = call->dry_run || options->dry_run;
  with_revision(core, call, std::nullopt,
                [&core, call, selection = std::move(*selection), options = std::move(*options)] {
                  sweep_all(core, call, selection, options);
                });
}

}  // namespace appliance::orchestrator::apiserver
