#include "net/http/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace appliance::net::http {
namespace {

constexpr int kBacklog = 1024;
// A peer that vanished without a word is noticed within 30 + 6 * 10 seconds, also on a watch that has nothing to say.
constexpr int kKeepIdleSeconds = 30;
constexpr int kKeepIntervalSeconds = 10;
constexpr int kKeepProbes = 6;

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un unix_path;
  sockaddr_storage storage;
};

void set_option(int fd, int level, int name, int value) {
  (void)::setsockopt(fd, level, name, &value,
                     sizeof value);  // a tuning that is refused changes nothing that we promise
}

Result<socklen_t> tcp_address(const std::string& text, int port, Address& out) {
  std::memset(&out, 0, sizeof out);
  if (::inet_pton(AF_INET, text.c_str(), &out.v4.sin_addr) == 1) {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(static_cast<uint16_t>(port));
    return sizeof out.v4;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &out.v6.sin6_addr) == 1) {
    out.v6.sin6_family = AF_INET6;
    out.v6.sin6_port = htons(static_cast<uint16_t>(port));
    return sizeof out.v6;
  }
  return fail(Code::kInvalidArgument, "listen address \"" + text + "\": not an IP address");
}

Result<socklen_t> unix_address(const std::string& path, Address& out) {
  std::memset(&out, 0, sizeof out);
  if (path.size() >= sizeof out.unix_path.sun_path)
    return fail(Code::kInvalidArgument, "listen " + path + ": path longer than 107 bytes");
  out.unix_path.sun_family = AF_UNIX;
  std::memcpy(out.unix_path.sun_path, path.data(), path.size());
  return sizeof out.unix_path;
}

std::unexpected<Error> listen_error(const std::string& what, int error) {
  Error out = errno_error("listen " + what, error);
  if (error == EADDRINUSE) out.code = Code::kFailedPrecondition;
  return fail(std::move(out));
}

std::string text_of(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.any.sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &address.v4.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(address.v4.sin_port));
  }
  if (address.any.sa_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &address.v6.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(address.v6.sin6_port));
  }
  return "unix";
}

bool somebody_answers(const Address& address, socklen_t size) {
  const base::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), &address.any, size) == 0 || errno == EAGAIN;
}

}  // namespace

Result<ListenSocket> listen_tcp(const std::string& address, int port) {
  Address where;
  socklen_t size = TRY(tcp_address(address, port, where));
  const std::string what = text_of(where);
  ListenSocket out;
  out.fd = base::Fd(::socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.fd) return listen_error(what, errno);
  set_option(out.fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (where.any.sa_family == AF_INET6) set_option(out.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(out.fd.get(), &where.any, size) != 0) return listen_error(what, errno);
  if (::listen(out.fd.get(), kBacklog) != 0) return listen_error(what, errno);
  if (::getsockname(out.fd.get(), &where.any, &size) != 0) return listen_error(what, errno);
  out.port = ntohs(where.any.sa_family == AF_INET ? where.v4.sin_port : where.v6.sin6_port);
  return out;
}

Result<ListenSocket> listen_unix(const std::string& path) {
  Address where;
  const socklen_t size = TRY(unix_address(path, where));
  ListenSocket out;
  out.fd = base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.fd) return listen_error(path, errno);
  // The file gets the mode of the unbound socket (unix(7) is silent; Linux's unix_bind does it): no moment with a wider
  // one.
  if (::fchmod(out.fd.get(), 0600) != 0) return listen_error(path, errno);
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode) || somebody_answers(where, size)) return listen_error(path, EADDRINUSE);
    (void)::unlink(path.c_str());  // bind reports it
  }
  if (::bind(out.fd.get(), &where.any, size) != 0) return listen_error(path, errno);
  if (::listen(out.fd.get(), kBacklog) != 0) return listen_error(path, errno);
  return out;
}

Result<Accepted> accept_one(int listener) {
  Address from;
  std::memset(&from, 0, sizeof from);
  socklen_t size = sizeof from;
  Accepted out;
  out.fd = base::Fd(::accept4(listener, &from.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!out.fd) {
    const int error = errno;
    if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == EBADF)
      return fail_errno("accept", error);
    return out;  // nothing waits, or it went away again (accept(2) lists the network errors)
  }
  out.family = from.any.sa_family;
  out.remote = text_of(from);
  if (out.family == AF_UNIX) return out;
  set_option(out.fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(out.fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(out.fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdleSeconds);
  set_option(out.fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, kKeepIntervalSeconds);
  set_option(out.fd.get(), IPPROTO_TCP, TCP_KEEPCNT, kKeepProbes);
  return out;
}

}  // namespace appliance::net::http
