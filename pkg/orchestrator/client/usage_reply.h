// The answer of a NodeStats that is under way: told once, and by its destructor when nobody came to do it (its task was
// dropped, a pool is full).
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "orchestrator/client/node_stats.h"

namespace appliance::orchestrator::client {

class UsageReply {
 public:
  using Done = std::move_only_function<void(Result<NodeUsage>)>;
  UsageReply(std::string node, Done done) : node_(std::move(node)), done_(std::move(done)) {}
  UsageReply(UsageReply&& other) noexcept : node_(std::move(other.node_)), done_(std::exchange(other.done_, nullptr)) {}
  UsageReply& operator=(UsageReply&&) = delete;
  ~UsageReply() {
    if (done_)
      tell(fail(Code::kUnavailable,
                "node \"" + node_ + "\" does not answer: nobody is free to ask it, or this server stops"));
  }
  void tell(Result<NodeUsage> answer) { std::exchange(done_, nullptr)(std::move(answer)); }

 private:
  std::string node_;
  Done done_;
};

}  // namespace appliance::orchestrator::client
