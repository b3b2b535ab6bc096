#include "orchestrator/dns/listeners.h"

#include <sys/socket.h>

#include <array>

namespace appliance::orchestrator::dns {
namespace {

constexpr size_t kBatch = 64;
constexpr size_t kPacketBytes = 4096;         // queries are small; a longer one is cut and answered FORMERR
constexpr int kReceiveBufferBytes = 1 << 20;  // a burst of ~1000 queries while a zone update runs

Result<base::Fd> bind_socket(int type, const sockaddr_in& address) {
  base::Fd fd(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("dns socket");
  const int on = 1;
  if (type == SOCK_STREAM) (void)setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  (void)setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno("bind dns socket");
  return fd;
}

// Echo and chargen answer whatever comes: two servers would talk for ever.
bool is_hostile_port(uint16_t port) { return port == 0 || port == 7 || port == 19; }

}  // namespace

struct UdpListener::Batch {
  std::array<std::array<char, kPacketBytes>, kBatch> buffers;
  std::array<sockaddr_in, kBatch> from{};
  std::array<iovec, kBatch> vectors{};
  std::array<mmsghdr, kBatch> headers{};
};

UdpListener::UdpListener(net::dns::Reactor& reactor, base::Fd fd, PacketHandler handler)
    : reactor_(reactor), fd_(std::move(fd)), handler_(std::move(handler)), batch_(std::make_unique<Batch>()) {}

UdpListener::~UdpListener() { reactor_.forget(fd_.get()); }

Result<std::unique_ptr<UdpListener>> UdpListener::open(net::dns::Reactor& reactor, const sockaddr_in& address,
                                                       PacketHandler handler) {
  auto fd = TRY(bind_socket(SOCK_DGRAM, address));
  std::unique_ptr<UdpListener> out(new UdpListener(reactor, std::move(fd), std::move(handler)));
  TRY(reactor.watch(out->fd_.get(), EPOLLIN, [listener = out.get()](uint32_t) { listener->on_readable(); }));
  return out;
}

uint16_t UdpListener::port() const {
  sockaddr_in self{};
  socklen_t n = sizeof self;
  (void)getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&self), &n);
  return ntohs(self.sin_port);
}

void UdpListener::on_readable() {
  auto& b = *batch_;
  for (size_t i = 0; i < kBatch; ++i) {
    b.vectors[i] = {.iov_base = b.buffers[i].data(), .iov_len = kPacketBytes};
    b.headers[i] = {};
    b.headers[i].msg_hdr.msg_name = &b.from[i];
    b.headers[i].msg_hdr.msg_namelen = sizeof b.from[i];
    b.headers[i].msg_hdr.msg_iov = &b.vectors[i];
    b.headers[i].msg_hdr.msg_iovlen = 1;
  }
  const int n = recvmmsg(fd_.get(), b.headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (n <= 0) return;  // level-triggered: an error that stays comes again, and a lost one was a client's
  in_batch_ = true;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const sockaddr_in from = b.from[i];
    if (is_hostile_port(ntohs(from.sin_port))) continue;
    handler_(std::string_view(b.buffers[i].data(), b.headers[i].msg_len), false,
             [this, from, alive = std::weak_ptr<int>(alive_)](std::string packet) {
               if (alive.expired()) return;
               out_.emplace_back(from, std::move(packet));
               if (!in_batch_) flush();
             });
  }
  in_batch_ = false;
  flush();
}

void UdpListener::flush() {
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> vectors{};
  size_t done = 0;
  while (done < out_.size()) {
    const size_t count = std::min(kBatch, out_.size() - done);
    for (size_t i = 0; i < count; ++i) {
      auto& [to, packet] = out_[done + i];
      vectors[i] = {.iov_base = packet.data(), .iov_len = packet.size()};
      headers[i] = {};
      headers[i].msg_hdr.msg_name = &to;
      headers[i].msg_hdr.msg_namelen = sizeof to;
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
    const int n = sendmmsg(fd_.get(), headers.data(), static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
    done +=
        n > 0 ? static_cast<size_t>(n) : 1;  // the first one failed (no route back, full buffer): its client asks again
  }
  out_.clear();
}

struct TcpListener::Connection {
  base::Fd fd;
  std::string in;
  std::string out;
  bool closed = false;
  net::dns::Reactor::TimerId idle;
};

TcpListener::TcpListener(net::dns::Reactor& reactor, base::Fd fd, PacketHandler handler)
    : reactor_(reactor), fd_(std::move(fd)), handler_(std::move(handler)) {}

TcpListener::~TcpListener() {
  while (!connections_.empty()) drop(connections_.begin()->second);
  reactor_.forget(fd_.get());
}

Result<std::unique_ptr<TcpListener>> TcpListener::open(net::dns::Reactor& reactor, const sockaddr_in& address,
                                                       PacketHandler handler) {
  auto fd = TRY(bind_socket(SOCK_STREAM, address));
  if (listen(fd.get(), 128) != 0) return fail_errno("listen for dns");
  std::unique_ptr<TcpListener> out(new TcpListener(reactor, std::move(fd), std::move(handler)));
  TRY(reactor.watch(out->fd_.get(), EPOLLIN, [listener = out.get()](uint32_t) { listener->on_accept(); }));
  return out;
}

void TcpListener::on_accept() {
  base::Fd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd || connections_.size() >= kTcpConnectionsMax) return;  // closed at once: the client sees it and comes again
  auto c = std::make_shared<Connection>();
  c->fd = std::move(fd);
  c->idle = reactor_.after(kTcpIdle, [this, c] { drop(c); });
  if (!reactor_.watch(c->fd.get(), EPOLLIN, [this, c](uint32_t events) { on_event(c, events); })) {
    reactor_.cancel(c->idle);
    return;
  }
  connections_[c->fd.get()] = c;
}

void TcpListener::drop(const std::shared_ptr<Connection>& keep) {
  const auto c = keep;
  if (c->closed) return;
  c->closed = true;
  reactor_.cancel(c->idle);
  reactor_.forget(c->fd.get());
  connections_.erase(c->fd.get());
  c->fd.reset();
}

// Only a whole packet counts as life: byte by byte does not keep a connection.
void TcpListener::touch(const std::shared_ptr<Connection>& c) {
  reactor_.cancel(c->idle);
  c->idle = reactor_.after(kTcpIdle, [this, c] { drop(c); });
}

void TcpListener::on_event(const std::shared_ptr<Connection>& c, uint32_t events) {
  if ((events & EPOLLOUT) != 0) send_some(c);
  if (c->closed || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  char buffer[8192];
  const ssize_t n = recv(c->fd.get(), buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return drop(c);
  c->in.append(buffer, static_cast<size_t>(n));
  take_packets(c);
}

void TcpListener::take_packets(const std::shared_ptr<Connection>& c) {
  while (!c->closed && c->in.size() >= 2) {
    const size_t length = size_t{static_cast<unsigned char>(c->in[0])} << 8 | static_cast<unsigned char>(c->in[1]);
    if (c->in.size() < length + 2) return;
    const std::string packet = c->in.substr(2, length);
    c->in.erase(0, length + 2);
    touch(c);
    handler_(packet, true, [this, weak = std::weak_ptr<Connection>(c)](std::string reply) {
      const auto to = weak.lock();
      if (!to || to->closed || reply.size() > UINT16_MAX) return;
      to->out += static_cast<char>(reply.size() >> 8);
      to->out += static_cast<char>(reply.size() & 0xff);
      to->out += reply;
      send_some(to);
    });
  }
}

void TcpListener::send_some(const std::shared_ptr<Connection>& c) {
  if (!c->out.empty()) {
    const ssize_t n = send(c->fd.get(), c->out.data(), c->out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return drop(c);
    if (n > 0) c->out.erase(0, static_cast<size_t>(n));
  }
  if (c->out.size() > kTcpPendingBytesMax) return drop(c);
  reactor_.change(c->fd.get(), c->out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

}  // namespace appliance::orchestrator::dns
