// The sockets of the DNS server: UDP in batches, TCP with its two-byte lengths, both handing packets to one function.
// Lives on the reactor's thread.
#pragma once

#include <netinet/in.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "net/dns/reactor.h"

namespace appliance::orchestrator::dns {

constexpr size_t kTcpConnectionsMax = 256;  // a slow reader costs at most its buffers
constexpr auto kTcpIdle = std::chrono::seconds(10);
constexpr size_t kTcpPendingBytesMax = 256U << 10U;  // answers that a client does not read

// Called with a packet; `reply` is called once, at once or later, on the same thread, or never.
using Reply = std::function<void(std::string)>;
using PacketHandler = std::function<void(std::string_view packet, bool tcp, Reply reply)>;

class UdpListener {
 public:
  static Result<std::unique_ptr<UdpListener>> open(net::dns::Reactor& reactor, const sockaddr_in& address,
                                                   PacketHandler handler);
  ~UdpListener();
  [[nodiscard]] uint16_t port() const;

 private:
  UdpListener(net::dns::Reactor& reactor, base::Fd fd, PacketHandler handler);
  void on_readable();
  void flush();
  struct Batch;
  net::dns::Reactor& reactor_;
  base::Fd fd_;
  PacketHandler handler_;
  std::unique_ptr<Batch> batch_;
  bool in_batch_ = false;
  std::vector<std::pair<sockaddr_in, std::string>> out_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // late replies find out that we are gone
};

class TcpListener {
 public:
  static Result<std::unique_ptr<TcpListener>> open(net::dns::Reactor& reactor, const sockaddr_in& address,
                                                   PacketHandler handler);
  ~TcpListener();

 private:
  struct Connection;
  TcpListener(net::dns::Reactor& reactor, base::Fd fd, PacketHandler handler);
  void on_accept();
  void on_event(const std::shared_ptr<Connection>& c, uint32_t events);
  void take_packets(const std::shared_ptr<Connection>& c);
  void send_some(const std::shared_ptr<Connection>& c);
  void touch(const std::shared_ptr<Connection>& c);
  void drop(const std::shared_ptr<Connection>& c);

  net::dns::Reactor& reactor_;
  base::Fd fd_;
  PacketHandler handler_;
  std::unordered_map<int, std::shared_ptr<Connection>> connections_;
};

}  // namespace appliance::orchestrator::dns
