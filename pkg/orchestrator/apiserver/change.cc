#include "orchestrator/apiserver/change.h"

namespace appliance::orchestrator::apiserver {
namespace {

struct Attempt {
  Core& core;
  const api::Kind& kind;
  api::ObjectKey key;
  ChangeOptions options;
  Decide decide;
  Decided done;
  int number = 0;
  bool fresh = false;  // the cache has been brought to the store's revision for this attempt
};
using AttemptPtr = std::shared_ptr<Attempt>;

void run(const AttemptPtr& a);

void run_fresh(const AttemptPtr& a) {
  a->core.cache.when_current([a](Result<int64_t> revision) {
    a->core.resume([a, revision = std::move(revision)] {
      if (!revision) return a->done(std::unexpected(api::from_error(revision.error())));
      a->fresh = true;
      run(a);
    });
  });
}

void write(const AttemptPtr& a, const api::ObjectPtr& current, Next next) {
  const bool remove = next.action == Next::Action::kDelete;
  store::SharedBytes bytes = remove ? nullptr : std::make_shared<const std::string>(api::stored_bytes(next.document));
  if (a->options.dry_run) {
    return a->done(Outcome{
        remove ? current : bare_object(a->kind, a->key, current ? current->revision : 0, std::move(bytes)), remove});
  }
  const int64_t expected = current ? current->revision : 0;
  compare_and_write(
      a->core, a->kind, a->key, expected, bytes, [a, current, bytes, remove](api::ApiResult<Written> written) {
        if (!written) return a->done(std::unexpected(written.error()));
        if (!written->conflict)
          return a->done(Outcome{remove ? current : bare_object(a->kind, a->key, written->revision, bytes), remove});
        if (++a->number >= kAttemptsMax) return a->done(std::unexpected(api::conflict_modified(a->kind, a->key.name)));
        run_fresh(a);
      });
}

void run(const AttemptPtr& a) {
  const api::ObjectPtr current = a->core.cache.get(a->kind, a->key);
  api::ApiResult<Next> next = a->decide(current);
  if (!next) {
    if (!a->fresh) return run_fresh(a);
    return a->done(std::unexpected(std::move(next).error()));
  }
  if (next->action == Next::Action::kKeep) {
    // Nothing to write must be true of the present, not of the cache's past.
    if (!a->fresh) return run_fresh(a);
    return a->done(Outcome{current, false});
  }
  a->fresh = false;  // should the write lose, the next attempt asks again
  write(a, current, std::move(*next));
}

api::ApiError too_large() {
  api::ApiError out;
  out.code = 500;
  out.message = "etcdserver: request is too large";
  return out;
}

}  // namespace

api::ObjectPtr bare_object(const api::Kind& kind, const api::ObjectKey& key, int64_t revision,
                           store::SharedBytes bytes) {
  auto out = std::make_shared<api::Object>();
  out->kind = &kind;
  out->key = key;
  out->revision = revision;
  out->bytes = std::move(bytes);
  return out;
}

void compare_and_write(Core& core, const api::Kind& kind, const api::ObjectKey& key, int64_t expected,
                       store::SharedBytes bytes, std::move_only_function<void(api::ApiResult<Written>)> done,
                       const std::optional<Unmoved>& also) {
  if (bytes && bytes->size() > store::kValueBytesMax) return done(std::unexpected(too_large()));
  const std::string path = storage_key(kind, key);
  store::TxnRequest txn;
  txn.compares.push_back(store::Compare::mod_revision(path, store::Compare::Op::kEqual, expected));
  if (also) {
    txn.compares.push_back(store::Compare::mod_revision(also->path, store::Compare::Op::kEqual, also->revision));
    store::RangeRequest look;  // which of the two it was
    look.key = path;
    look.keys_only = true;
    txn.failure.emplace_back(std::move(look));
  }
  if (bytes) {
    store::PutOp put;
    put.key = path;
    put.value = std::move(bytes);
    txn.success.emplace_back(std::move(put));
  } else {
    store::DeleteOp remove;
    remove.key = path;
    txn.success.emplace_back(std::move(remove));
  }
  core.kv.txn(std::move(txn), [&core, guard = core.in_flight.enter(),
                               done = std::move(done)](Result<store::TxnResponse> response) mutable {
    core.resume([done = std::move(done), response = std::move(response)]() mutable {
      if (!response) return done(std::unexpected(api::from_error(response.error())));
      Written written{.conflict = !response->succeeded, .exists = false, .revision = response->revision};
      if (written.conflict && !response->responses.empty()) {
        const auto* look = std::get_if<store::RangeResponse>(&response->responses[0]);
        written.exists = look != nullptr && !look->kvs.empty();
      }
      done(written);
    });
  });
}

void change_object(Core& core, const api::Kind& kind, api::ObjectKey key, ChangeOptions options, Decide decide,
                   Decided done) {
  run(std::make_shared<Attempt>(core, kind, std::move(key), options, std::move(decide), std::move(done)));
}

}  // namespace appliance::orchestrator::apiserver
