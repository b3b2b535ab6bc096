#include "net/netlink/socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

namespace appliance::net::netlink {
namespace {

constexpr int kBufferBytes = 64 << 20;  // one nftables batch of 100k services fits; memory is taken only while used
constexpr size_t kReceiveBytes = 256U << 10U;  // the kernel never makes a dump part larger than 32 KiB; acks are small
constexpr int kReceiveTimeout_ms = 10'000;     // a dump that stalls this long is broken
constexpr int kDumpRetries = 16;               // a table that changes faster than it can be read is somebody's bug

void set_buffer(int fd, int forced, int plain) {
  if (setsockopt(fd, SOL_SOCKET, forced, &kBufferBytes, sizeof kBufferBytes) != 0)
    (void)setsockopt(fd, SOL_SOCKET, plain, &kBufferBytes,
                     sizeof kBufferBytes);  // capped: big batches then fail loudly
}

// The text in an extended ack: nlmsgerr, the old message (unless capped), then NLMSGERR_ATTR_* (netlink.h).
std::string ack_text(const Message& message) {
  if ((message.flags & NLM_F_ACK_TLVS) == 0) return {};
  const auto err = message.fixed<nlmsgerr>();
  size_t skip = sizeof(nlmsgerr);
  if ((message.flags & NLM_F_CAPPED) == 0) skip = sizeof(int) + NLMSG_ALIGN(err.msg.nlmsg_len);
  if (message.payload.size() <= skip) return {};
  const auto attributes = parse_attributes(message.payload.substr(skip));
  const auto* text = find_attribute(attributes, NLMSGERR_ATTR_MSG);
  return text == nullptr ? std::string() : std::string(text->as_text());
}

}  // namespace

Error Failure::error(std::string_view what) const {
  Error out = errno_error(what, errno_value);
  if (!text.empty()) out.message += " (" + text + ")";
  return out;
}

Result<Socket> Socket::open(int protocol) {
  base::Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd) return fail_errno("netlink socket");
  const int on = 1;
  (void)setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);  // readable errors; absent on old kernels
  (void)setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);  // short acks
  (void)setsockopt(fd.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);  // real filters on dumps
  set_buffer(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF);
  set_buffer(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF);
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&self), sizeof self) != 0) return fail_errno("bind netlink socket");
  return Socket(std::move(fd));
}

Result<> Socket::send(Builder& builder) {
  // A clean start: answers of a request that was given up must not be taken for ours.
  while (true) {
    auto left = TRY(receive(false));
    if (left.empty()) break;
  }
  const std::string& bytes = builder.finish();
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t n = 0;
  do {
    n = sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return fail_errno("send to the kernel by netlink (" + std::to_string(bytes.size()) + " bytes)");
  return {};
}

Result<std::string_view> Socket::receive(bool wait) {
  if (buffer_.empty()) buffer_.resize(kReceiveBytes);
  if (wait) {
    pollfd p{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    int n = 0;
    do {
      n = poll(&p, 1, kReceiveTimeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n == 0) return fail(Code::kDeadlineExceeded, "the kernel does not answer on netlink");
    if (n < 0) return fail_errno("poll netlink socket");
  }
  sockaddr_nl from{};
  iovec vector{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
  msghdr header{};
  header.msg_name = &from;
  header.msg_namelen = sizeof from;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  while (true) {
    const ssize_t n = recvmsg(fd_.get(), &header, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return std::string_view();
    if (n < 0) return fail_errno("receive from netlink");
    if (from.nl_pid != 0) continue;  // only the kernel is listened to
    if ((header.msg_flags & MSG_TRUNC) != 0) return fail(Code::kInternal, "a netlink answer is larger than its buffer");
    return std::string_view(buffer_.data(), static_cast<size_t>(n));
  }
}

Result<std::vector<Failure>> Socket::request(Builder& builder, bool batch) {
  if (builder.empty()) return std::vector<Failure>{};
  if (!batch) builder.add_flags(NLM_F_ACK);
  TRY(send(builder));
  std::vector<Failure> failures;
  bool answered = false;
  while (true) {
    auto bytes = TRY(receive(false));
    if (bytes.empty()) break;
    while (auto message = next_message(bytes)) {
      if (message->type != NLMSG_ERROR || message->seq == 0 || message->seq > builder.count()) continue;
      answered = true;
      const int error = -message->fixed<nlmsgerr>().error;
      if (error != 0) failures.push_back({.index = message->seq - 1, .errno_value = error, .text = ack_text(*message)});
    }
  }
  if (!answered) return fail(Code::kInternal, "the kernel gave no answer to a netlink request");
  return failures;
}

Result<> Socket::request_one(Builder& builder, std::string_view what) {
  auto failures = TRY_CTX(request(builder), what);
  if (failures.empty()) return {};
  return fail(failures.front().error(what));
}

Result<> Socket::query(Builder& builder, std::string_view what, const std::function<void(const Message&)>& handler) {
  builder.add_flags(NLM_F_ACK);
  TRY_CTX(send(builder), what);
  std::vector<Failure> failures;
  while (true) {
    auto bytes = TRY(receive(false));
    if (bytes.empty()) break;
    while (auto message = next_message(bytes)) {
      if (message->type != NLMSG_ERROR) {
        handler(*message);
        continue;
      }
      const int error = -message->fixed<nlmsgerr>().error;
      if (error != 0) failures.push_back({.index = message->seq - 1, .errno_value = error, .text = ack_text(*message)});
    }
  }
  if (!failures.empty()) return fail(failures.front().error(what));
  return {};
}

Result<> Socket::dump(Builder& builder, std::string_view what, const std::function<void()>& restart,
                      const std::function<void(const Message&)>& handler) {
  builder.add_flags(NLM_F_DUMP);
  for (int attempt = 0; attempt < kDumpRetries; ++attempt) {
    restart();
    TRY_CTX(send(builder), what);
    bool interrupted = false;
    bool done = false;
    while (!done) {
      auto bytes = TRY_CTX(receive(true), what);
      while (auto message = next_message(bytes)) {
        interrupted |= (message->flags & NLM_F_DUMP_INTR) != 0;
        if (message->type == NLMSG_DONE || message->type == NLMSG_ERROR) {
          const int error = message->payload.size() >= sizeof(int) ? -message->fixed<int>() : 0;
          if (error == EINTR || error == EAGAIN) {
            interrupted = true;
          } else if (error != 0) {
            return fail(Failure{.index = 0, .errno_value = error, .text = ack_text(*message)}.error(what));
          }
          done = true;
          break;
        }
        handler(*message);
      }
    }
    if (!interrupted) return {};
  }
  return fail(Code::kAborted, std::string(what) + ": the kernel's list changes faster than it can be read");
}

}  // namespace appliance::net::netlink
