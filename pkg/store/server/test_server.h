// A store on a folder of its own, for the tests of this folder.
#pragma once

#include <stdlib.h>

#include <thread>

#include "store/kv_conformance.h"
#include "store/server/embedded_store.h"

namespace appliance::store::server::testing {

inline const base::SystemClock kClock;

struct TempDir {
  std::string path;
  TempDir() {
    char name[] = "/tmp/app-store-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~TempDir() { (void)base::remove_tree(path); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
};

// Small segments: what a test needs of them is that there are several.
inline constexpr uint64_t kSmallSegment = 8U << 20U;

struct Server {
  TempDir dir;
  std::unique_ptr<base::Fs> fs = base::make_real_fs();
  std::unique_ptr<EmbeddedStore> store;
  const base::Clock& clock;
  explicit Server(const base::Clock& c = kClock) : clock(c) { open(); }
  [[nodiscard]] StoreOptions options() const {
    return {.dir = dir.path + "/store",
            .fs = *fs,
            .clock = clock,
            .segment_bytes = kSmallSegment,
            .lease_check_interval = std::chrono::milliseconds(10),
            .flush_linger = std::chrono::milliseconds(1)};
  }
  void open() {
    auto opened = EmbeddedStore::open(options());
    INFO((opened ? std::string() : opened.error().message));
    REQUIRE(opened);
    store = std::move(*opened);
  }
  void reopen() {
    store.reset();
    open();
  }
};

// Many transactions at once, so that they share syncs: a test must not wait for thousands of them one by one. Waits for
// all.
template <class Make>
void burst(Kv& kv, int n, Make make) {
  std::mutex mutex;
  std::condition_variable changed;
  int done = 0;
  int failed = 0;
  for (int i = 0; i < n; ++i) {
    kv.txn(make(i), [&](const Result<TxnResponse>& r) {
      const std::lock_guard lock(mutex);
      ++done;
      if (!r) ++failed;
      changed.notify_all();
    });
  }
  std::unique_lock lock(mutex);
  REQUIRE(changed.wait_for(lock, kv_conformance::kDeadline, [&] { return done == n; }));
  REQUIRE(failed == 0);
}

// Polls an event that has no callback, with a deadline.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kv_conformance::kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace appliance::store::server::testing
