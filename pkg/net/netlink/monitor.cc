#include "net/netlink/monitor.h"

#include <sys/socket.h>

namespace appliance::net::netlink {
namespace {

constexpr size_t kReceiveBytes = 64U << 10U;  // one datagram of notices; the kernel makes them at most 32 KiB

}  // namespace

Result<Monitor> Monitor::open(int protocol, std::initializer_list<int> groups) {
  base::Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd) return fail_errno("netlink socket");
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&self), sizeof self) != 0) return fail_errno("bind netlink socket");
  for (const int group : groups)
    if (setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
      return fail_errno("join netlink group " + std::to_string(group));
  return Monitor(std::move(fd));
}

Result<bool> Monitor::read(const std::function<void(const Message&)>& handler) {
  if (buffer_.empty()) buffer_.resize(kReceiveBytes);
  bool lost = false;
  while (true) {
    sockaddr_nl from{};
    iovec vector{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof from;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    const ssize_t n = recvmsg(fd_.get(), &header, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return lost;
    if (n < 0 && errno != ENOBUFS) return fail_errno("receive notices from netlink");
    if (n < 0 || (header.msg_flags & MSG_TRUNC) != 0) {
      lost = true;
      continue;
    }
    if (from.nl_pid != 0) continue;  // only the kernel is listened to
    std::string_view bytes(buffer_.data(), static_cast<size_t>(n));
    while (const auto message = next_message(bytes)) handler(*message);
  }
}

}  // namespace appliance::net::netlink
