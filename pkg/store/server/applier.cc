#include "store/server/applier.h"

namespace appliance::store::server {
namespace {

void take_effect(mvcc::AppliedEntry& entry, const mvcc::Position& at, mvcc::TxnEffect& effect) {
  entry.keys = at.keys + effect.keys_delta;
  if (!effect.changes.empty()) entry.revision = at.revision + 1;
  entry.changes = std::move(effect.changes);
}

}  // namespace

Result<> Applier::restore() {
  const base::MonoTime now = clock_.monotonic();
  for (const mvcc::LeaseChange& l : TRY(mvcc_.leases())) leases_.grant(l.id, l.ttl_seconds, now);
  for (const auto& [id, key] : TRY(mvcc_.leased_keys())) leases_.move_key(key, 0, id);
  return {};
}

mvcc::TxnContext Applier::context(const mvcc::Position& at) {
  return {.reader = reader_, .position = at, .lease_exists = [this](LeaseId id) { return leases_.exists(id); }};
}

void Applier::move_leases(const std::vector<mvcc::Change>& changes) {
  for (const mvcc::Change& c : changes) leases_.move_key(c.now->key, c.prev ? c.prev->lease : 0, c.now->lease);
}

Result<Result<Answer>> Applier::apply(uint64_t term, uint64_t index, const mvcc::Command& command) {
  const mvcc::Position at = mvcc_.position();
  Outcome outcome = TRY(std::visit([&](const auto& c) { return run(at, c); }, command));
  mvcc::AppliedEntry& entry = outcome.entry;
  entry.term = term;
  entry.index = index;
  if (entry.revision == 0) entry.revision = at.revision;
  if (entry.changes.empty() && entry.keys == 0) entry.keys = at.keys;
  move_leases(entry.changes);
  std::vector<mvcc::Change> changes = entry.changes;  // pointers: the overlay and the watchers share the records
  const Revision revision = entry.revision;
  mvcc_.publish(std::move(entry));
  if (!changes.empty() && publish_) publish_(revision, std::move(changes));
  return std::move(outcome.answer);
}

Result<Applier::Outcome> Applier::run(const mvcc::Position& at, const TxnRequest& request) {
  mvcc::TxnEffect effect = TRY(mvcc::evaluate(context(at), request));
  if (effect.refused) return Outcome{.answer = std::unexpected(std::move(*effect.refused)), .entry = {}};
  Outcome out{.answer = std::move(effect.response), .entry = {}};
  take_effect(out.entry, at, effect);
  return out;
}

Result<Applier::Outcome> Applier::run(const mvcc::Position& at, const mvcc::CompactCommand& command) {
  if (command.revision <= at.compact)
    return Outcome{.answer = fail(Code::kOutOfRange, std::string(kErrCompacted)), .entry = {}};
  if (command.revision > at.revision)
    return Outcome{.answer = fail(Code::kOutOfRange, std::string(kErrFutureRev)), .entry = {}};
  Outcome out{.answer = at.revision, .entry = {}};
  out.entry.compact = command.revision;
  return out;
}

Result<Applier::Outcome> Applier::run(const mvcc::Position&, const mvcc::LeaseGrantCommand& command) {
  if (!leases_.grant(command.id, command.ttl_seconds, clock_.monotonic())) {
    return Outcome{.answer = fail(Code::kFailedPrecondition, "etcdserver: lease already exists"), .entry = {}};
  }
  Outcome out{.answer = command.id, .entry = {}};
  out.entry.leases.push_back({.id = command.id, .ttl_seconds = command.ttl_seconds});
  return out;
}

Result<Applier::Outcome> Applier::run(const mvcc::Position& at, const mvcc::LeaseRevokeCommand& command) {
  const auto keys = leases_.revoke(command.id);
  if (!keys) return Outcome{.answer = fail(Code::kNotFound, "etcdserver: requested lease not found"), .entry = {}};
  mvcc::TxnEffect effect = TRY(mvcc::delete_keys(context(at), *keys));
  Outcome out{.answer = effect.response.revision, .entry = {}};
  take_effect(out.entry, at, effect);
  out.entry.leases.push_back({.id = command.id, .ttl_seconds = 0});
  return out;
}

}  // namespace appliance::store::server
