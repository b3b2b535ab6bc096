#include "node/bootstrap/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

namespace appliance::node {
namespace {

socklen_t fill(sockaddr_un& address, std::string_view name) {
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return 0;
  name.copy(address.sun_path, name.size());
  if (name.starts_with('@')) address.sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
}

}  // namespace

void notify(std::string_view message) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr || *name == '\0') return;
  sockaddr_un address{};
  const socklen_t size = fill(address, name);
  const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (size == 0 || !socket) return;
  (void)::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
                 size);  // nobody listens: fine
}

Result<NotifyListener> listen_notify() {
  NotifyListener out;
  out.socket = base::Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!out.socket) return fail_errno("socket");
  out.name = "@appliance-up-" + std::to_string(getpid());
  sockaddr_un address{};
  const socklen_t size = fill(address, out.name);
  if (::bind(out.socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return fail_errno("bind " + out.name);
  return out;
}

}  // namespace appliance::node
