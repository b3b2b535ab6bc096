// A netlink socket of the network namespace in which the calling thread is when open() runs; it stays in that namespace
// whatever thread uses it later. Not thread-safe: one owner at a time.
//
//   auto socket = TRY(Socket::open(NETLINK_ROUTE));
//   auto failures = TRY(socket.request(builder));   // one send, the kernel's verdict on every message
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "net/netlink/message.h"

namespace appliance::net::netlink {

struct Failure {
  uint32_t index = 0;  // which message of the builder, from 0
  int errno_value = 0;
  std::string text;  // the kernel's own words (extended ack), may be empty
  [[nodiscard]] Error error(std::string_view what) const;
};

class Socket {
 public:
  static Result<Socket> open(int protocol);

  // Sends the whole builder in one sendmsg and collects the kernel's errors. The kernel works synchronously: every
  // answer is queued when send returns, so nothing here can hang. An empty list means that all messages were taken.
  // With `batch` (nfnetlink) the last message is the end marker and gets no ack of its own.
  Result<std::vector<Failure>> request(Builder& builder, bool batch = false);
  // One or more messages, the first failure as an error.
  Result<> request_one(Builder& builder, std::string_view what);
  // Messages that answer (RTM_GETLINK of one link): `handler` gets what comes back.
  Result<> query(Builder& builder, std::string_view what, const std::function<void(const Message&)>& handler);
  // One dump request. A dump that was interrupted by a change runs again from the start: `restart` empties what the
  // caller collected.
  Result<> dump(Builder& builder, std::string_view what, const std::function<void()>& restart,
                const std::function<void(const Message&)>& handler);

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Socket(base::Fd fd) : fd_(std::move(fd)) {}
  Result<> send(Builder& builder);
  Result<std::string_view> receive(bool wait);  // "" when nothing is there and !wait

  base::Fd fd_;
  std::string buffer_;
};

}  // namespace appliance::net::netlink
