// The leases of a store: time to live, deadline, attached keys. What exists is decided by the log; when one expires, by
// this member's clock alone (etcd-api section 12, "expiry"). Not thread-safe: lives on the store thread. Pure: time is
// an argument.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/kv.h"

namespace appliance::store::lease {

inline constexpr int64_t kTtlMinSeconds = 2;              // etcd: 1.5 x election time-out, rounded up
inline constexpr int64_t kTtlMaxSeconds = 9'000'000'000;  // etcd's limit
inline constexpr size_t kRevokesPerCheck = 500;           // etcd: 1,000 a second; a check runs twice a second

class Leases {
 public:
  // Replaces nothing: false when the id is taken. Its deadline is now + ttl.
  bool grant(LeaseId id, int64_t ttl_seconds, base::MonoTime now);
  // Forgets the lease and gives the keys that were attached, sorted; nullopt when there was none.
  std::optional<std::vector<std::string>> revoke(LeaseId id);
  // The granted time to live, and the deadline moved to now + it; 0 when there is no such lease.
  int64_t keep_alive(LeaseId id, base::MonoTime now);
  // A key's lease changed; 0 = none. Unknown leases are ignored.
  void move_key(const std::string& key, LeaseId from, LeaseId to);
  [[nodiscard]] bool exists(LeaseId id) const { return leases_.contains(id); }
  [[nodiscard]] std::vector<LeaseId> expired(base::MonoTime now) const;  // at most kRevokesPerCheck
  [[nodiscard]] bool empty() const { return leases_.empty(); }
  [[nodiscard]] size_t size() const { return leases_.size(); }
  // After a restart: every lease lives at least its full time again, never less than it was promised.
  void renew_all(base::MonoTime now);

 private:
  struct Lease {
    int64_t ttl_seconds = 0;
    base::MonoTime deadline;
    std::set<std::string> keys;
  };
  std::map<LeaseId, Lease> leases_;
};

}  // namespace appliance::store::lease
