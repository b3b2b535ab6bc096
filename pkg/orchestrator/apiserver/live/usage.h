// UsageFeed: what nodes and pods use at this moment, for tabs that look at it. Asks each node that somebody is
// interested in once every kUsagePeriod, however many tabs there are; nothing is asked and no timer runs while nobody
// is subscribed.
//
//   UsageFeed feed({.queue = core.cache.queue(), .clock = core.clock, .stats = [&] { return core.stats.load(); },
//                   .nodes = [&] { return names; }});
//   const uint64_t id = feed.subscribe({.what = UsageOf::kPods, .node = "n1"}, [weak](UsageText text) {
//     if (auto tab = weak.lock()) tab->usage(sub, *text);   // *text is the array behind "usage" in the frame
//   });
//   feed.unsubscribe(id);
//
// `usage` is called on the queue's thread and must be quick. It may come once more while unsubscribe() runs: hold what
// it needs by weak_ptr. It may come from within subscribe() as well: with what is known already, when that is young.
// Subscriptions that select the same get the same text. A tab that is slow should drop an older text for a newer one.
// What a user may see is the caller's business: `nodes` needs the right to list nodes, `pods` to list pods in `ns`.
//
// The entries, as docs/dashboard-stream.md has them; cpu is in cores, from two answers of the node:
//   nodes  {"name","cpu","cores","mem","memTotal","disk","diskTotal"}, or {"name","error"}; sorted by name
//   pods   {"ns","name","uid","cpu","mem"}; sorted by namespace and name; without pods of nodes that do not answer
// The first text comes kUsageFirst after the first subscription, since cpu needs two answers.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "orchestrator/apiserver/timed_queue.h"
#include "orchestrator/client/node_stats.h"

namespace appliance::orchestrator::apiserver::live {

inline constexpr std::chrono::milliseconds kUsagePeriod{2000};
inline constexpr std::chrono::milliseconds kUsageFirst{500};   // between the first two answers
inline constexpr std::chrono::milliseconds kUsageYoung{5000};  // a text this old still greets a new subscriber

enum class UsageOf : unsigned char { kNodes, kPods };

struct UsageSelection {
  UsageOf what = UsageOf::kNodes;
  std::string node;  // "" = all
  std::string ns;    // of pods; "" = all
  auto operator<=>(const UsageSelection&) const = default;
};

using UsageText = std::shared_ptr<const std::string>;

class UsageFeed {
 public:
  struct Options {
    TimedQueue& queue;  // outlives the feed's stop()
    const base::Clock& clock;
    std::function<client::NodeStats*()> stats;        // null: no kubelet can be asked, each node has an error
    std::function<std::vector<std::string>()> nodes;  // the names of all nodes; quick
  };
  explicit UsageFeed(Options options);
  ~UsageFeed();  // stop()
  UsageFeed(const UsageFeed&) = delete;
  UsageFeed& operator=(const UsageFeed&) = delete;

  uint64_t subscribe(UsageSelection selection, std::function<void(UsageText)> usage);
  void unsubscribe(uint64_t id);  // of an unknown id: nothing
  // No `usage` and no question to a node comes after it; answers that are under way are dropped. Not from a `usage`.
  void stop();
  [[nodiscard]] size_t subscriptions() const;

 private:
  struct State;  // shared with answers under way
  std::shared_ptr<State> state_;
};

}  // namespace appliance::orchestrator::apiserver::live
