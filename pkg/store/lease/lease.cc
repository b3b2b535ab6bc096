#include "store/lease/lease.h"

namespace appliance::store::lease {
namespace {

base::MonoTime deadline_of(int64_t ttl_seconds, base::MonoTime now) {
  // kTtlMaxSeconds in nanoseconds just fits; the sum with now must not wrap.
  const auto room = base::MonoTime::max() - now;
  const auto ttl = std::chrono::seconds(ttl_seconds);
  return ttl >= std::chrono::duration_cast<std::chrono::seconds>(room) ? base::MonoTime::max() : now + ttl;
}

}  // namespace

bool Leases::grant(LeaseId id, int64_t ttl_seconds, base::MonoTime now) {
  return leases_.emplace(id, Lease{.ttl_seconds = ttl_seconds, .deadline = deadline_of(ttl_seconds, now), .keys = {}})
      .second;
}

std::optional<std::vector<std::string>> Leases::revoke(LeaseId id) {
  const auto it = leases_.find(id);
  if (it == leases_.end()) return std::nullopt;
  std::vector<std::string> keys(it->second.keys.begin(), it->second.keys.end());
  leases_.erase(it);
  return keys;
}

int64_t Leases::keep_alive(LeaseId id, base::MonoTime now) {
  const auto it = leases_.find(id);
  if (it == leases_.end()) return 0;
  it->second.deadline = deadline_of(it->second.ttl_seconds, now);
  return it->second.ttl_seconds;
}

void Leases::move_key(const std::string& key, LeaseId from, LeaseId to) {
  if (from == to) return;
  if (const auto it = leases_.find(from); it != leases_.end()) it->second.keys.erase(key);
  if (const auto it = leases_.find(to); it != leases_.end()) it->second.keys.insert(key);
}

std::vector<LeaseId> Leases::expired(base::MonoTime now) const {
  std::vector<LeaseId> out;
  for (const auto& [id, lease] : leases_) {
    if (lease.deadline <= now && out.size() < kRevokesPerCheck) out.push_back(id);
  }
  return out;
}

void Leases::renew_all(base::MonoTime now) {
  for (auto& [id, lease] : leases_) lease.deadline = deadline_of(lease.ttl_seconds, now);
}

}  // namespace appliance::store::lease
