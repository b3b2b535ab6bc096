#include "store/server/embedded_store.h"

#include <algorithm>

#include "store/server/core.h"

namespace appliance::store::server {
namespace {

// The answer of a command that gives a number.
Callback<Answer> number(Callback<int64_t> done) {
  return [done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer).error()));
    done(std::get<int64_t>(*answer));
  };
}

}  // namespace

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(StoreOptions options) {
  auto core = std::make_unique<Core>(std::move(options));
  TRY(core->open());
  return std::unique_ptr<EmbeddedStore>(new EmbeddedStore(std::move(core)));
}

EmbeddedStore::EmbeddedStore(std::unique_ptr<Core> core) : core_(std::move(core)) {}
EmbeddedStore::~EmbeddedStore() { stop(); }
void EmbeddedStore::stop() { core_->stop(); }

void EmbeddedStore::range(RangeRequest request, Callback<RangeResponse> done) {
  core_->range(std::move(request), std::move(done));
}

void EmbeddedStore::txn(TxnRequest request, Callback<TxnResponse> done) {
  if (Result<> valid = mvcc::validate(request); !valid)
    return core_->answer(
        [done = std::move(done), error = std::move(valid).error()]() mutable { done(fail(std::move(error))); });
  if (mvcc::read_only(request)) return core_->read_txn(std::move(request), std::move(done));
  core_->propose(std::move(request), [done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer).error()));
    done(std::get<TxnResponse>(std::move(*answer)));
  });
}

std::unique_ptr<Watch> EmbeddedStore::watch(WatchRequest request, WatchCallback on_batch) {
  return core_->watch(std::move(request), std::move(on_batch));
}

void EmbeddedStore::compact(Revision revision, Callback<Revision> done) {
  core_->propose(mvcc::CompactCommand{.revision = revision}, number(std::move(done)));
}

void EmbeddedStore::lease_grant(LeaseId id, int64_t ttl_seconds, Callback<LeaseId> done) {
  if (ttl_seconds > lease::kTtlMaxSeconds || id < 0) {
    const bool ttl = ttl_seconds > lease::kTtlMaxSeconds;
    return core_->answer([done = std::move(done), ttl]() mutable {
      if (ttl)
        done(fail(Code::kOutOfRange, "etcdserver: too large lease TTL"));
      else
        done(fail(Code::kInvalidArgument, "store: a lease id is positive"));
    });
  }
  if (id == 0) id = core_->new_lease_id();
  core_->propose(mvcc::LeaseGrantCommand{.id = id, .ttl_seconds = std::max(ttl_seconds, lease::kTtlMinSeconds)},
                 number(std::move(done)));
}

void EmbeddedStore::lease_revoke(LeaseId id, Callback<Revision> done) {
  core_->propose(mvcc::LeaseRevokeCommand{.id = id}, number(std::move(done)));
}

void EmbeddedStore::lease_keep_alive(LeaseId id, Callback<int64_t> done) { core_->keep_alive(id, std::move(done)); }

StoreStatus EmbeddedStore::status() const { return core_->status(); }

}  // namespace appliance::store::server
