#include <algorithm>

#include "runtime/registry/registry.h"

namespace appliance::runtime::registry {

bool Scope::over() const {
  const std::scoped_lock lock(mutex_);
  return cancelled_ || std::chrono::steady_clock::now() >= deadline_;
}

Error Scope::reason() const {
  const bool late = std::chrono::steady_clock::now() >= deadline_;
  return {.code = late ? Code::kDeadlineExceeded : Code::kCancelled,
          .message = late ? "the deadline of the pull has passed" : "cancelled",
          .errno_value = 0,
          .hint = {}};
}

bool Scope::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  const auto until = std::min(std::chrono::steady_clock::now() + time, deadline_);
  wake_.wait_until(lock, until, [&] { return cancelled_; });
  return !cancelled_ && std::chrono::steady_clock::now() < deadline_;
}

Result<net::http::Reply> Scope::send(net::http::Client& client, net::http::ClientRequest request) {
  {
    const std::scoped_lock lock(mutex_);
    if (cancelled_) return fail(Code::kCancelled, "cancelled");
    clients_.insert(&client);
  }
  auto reply = client.send(std::move(request));
  const std::scoped_lock lock(mutex_);  // cancel() is not using the client any more once we have this
  clients_.erase(&client);
  return reply;
}

// Client::cancel() waits until its send() has returned; send() here then waits for the lock that we hold: no client
// goes away under us.
void Scope::cancel() {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  wake_.notify_all();
  for (net::http::Client* client : clients_) client->cancel();
}

void Scope::watch() {
  {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, deadline_, [&] { return finished_ || cancelled_; });
    if (finished_ || cancelled_) return;
  }
  cancel();
}

void Scope::finish() {
  const std::scoped_lock lock(mutex_);
  finished_ = true;
  wake_.notify_all();
}

}  // namespace appliance::runtime::registry
