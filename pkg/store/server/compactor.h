// When history is dropped: every kCompactionInterval, up to the revision that the store had one interval before. So a
// watch may resume over at least one interval, as with etcd under a real API server, and history takes the space of
// two.
//
//   compactor_ = std::make_unique<Compactor>(*kv, clock, log);
//   void again() { timer_ = loop.after(compactor_->tick(), [this] { again(); }); }
//
// Owns no thread and no timer: whoever has one calls tick(), one call at a time, never too early. The clock is the
// monotonic one: a wall clock that jumps drops nothing.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "store/kv.h"

namespace appliance::store::server {

inline constexpr std::chrono::minutes kCompactionInterval{5};  // kube-apiserver's --etcd-compaction-interval

// Up to which revision to compact at a look, 0 = nothing. `seen` is the revision of the look before, 0 at the first.
Revision compaction_target(Revision seen, const StoreStatus& status);

class Compactor {
 public:
  Compactor(Kv& kv, const base::Clock& clock, base::Log log)
      : kv_(kv), clock_(clock), log_(std::move(log)), next_(clock.monotonic() + kCompactionInterval) {}
  // Does what is due, and says how long nothing will be. Does not wait for the store: what fails is logged, and tried
  // again at the next look.
  base::Nanos tick();

 private:
  Kv& kv_;
  const base::Clock& clock_;
  base::Log log_;
  base::MonoTime next_;
  Revision seen_ = 0;
};

}  // namespace appliance::store::server
