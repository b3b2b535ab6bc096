// A machine and its pods as network namespaces, for tests; needs root. All traffic stays in what the test made.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/fs.h"
#include "net/netlink/netns.h"
#include "net/netlink/route.h"
#include "orchestrator/podnet/podnet.h"
#include "orchestrator/podnet/rules.h"

namespace appliance::orchestrator::podnet::testing {

using net::netlink::RouteSocket;

struct TempDir {
  std::string path;
  TempDir() {
    char name[] = "/tmp/podnet-test.XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~TempDir() {
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.is_regular_file() && entry.path().filename().string().starts_with("ns-"))
        (void)net::netlink::remove_named_netns(entry.path());
    (void)base::remove_tree(path);
  }
};

// A machine: its namespace, and pods' namespaces bound to files.
struct Machine {
  TempDir dir;
  base::Fd ns;
  base::SystemClock clock;
  std::unique_ptr<PodNet> podnet;
  std::string name = "a";
  std::string pod_cidr = "10.42.0.0/24";
  std::string node_ip;
  Tunnel tunnel = Tunnel::kAuto;

  Machine() {
    auto made = net::netlink::make_netns();
    REQUIRE(made);
    ns = std::move(*made);
  }
  ~Machine() {
    if (podnet)
      run([&] {
        podnet.reset();
        return Result<>{};
      });
  }
  Options options() const {
    return {.pod_cidr = pod_cidr,
            .cluster_cidr = "10.42.0.0/16",
            .service_cidr = "10.43.0.0/16",
            .state_dir = dir.path + "/net",
            .mtu = 0,
            .node_name = name,
            .node_ip = node_ip,
            .tunnel = tunnel,
            .vxlan_port = 8472,
            .log = {}};
  }
  void run(const std::function<Result<>()>& body) { run_in(ns.get(), body); }
  static void run_in(int fd, const std::function<Result<>()>& body) {
    auto result = net::netlink::in_netns(fd, body);
    INFO((result ? std::string() : result.error().message));
    REQUIRE(result.has_value());
  }
  void open() {
    run([&]() -> Result<> {
      podnet = TRY(PodNet::open(options(), clock));
      return {};
    });
  }
  std::string pod_path(const std::string& uid) const { return dir.path + "/ns-" + uid; }
  base::Fd make_pod(const std::string& uid) {
    auto fd = net::netlink::make_named_netns(pod_path(uid));
    REQUIRE(fd);
    return std::move(*fd);
  }
  Attachment attach(const std::string& uid) {
    Attachment out;
    run([&]() -> Result<> {
      out = TRY(podnet->attach(uid, pod_path(uid)));
      return {};
    });
    return out;
  }
  std::vector<net::netlink::Link> own_links() {
    std::vector<net::netlink::Link> out;
    run([&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      for (auto& link : TRY(net.links()))
        if (link.group == kLinkGroup) out.push_back(link);
      return {};
    });
    return out;
  }
};

inline sockaddr_in address_of(const std::string& ip, uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &out.sin_addr);
  return out;
}

inline Result<base::Fd> listen_on(uint16_t port) {
  base::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto a = address_of("0.0.0.0", port);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) != 0 || listen(fd.get(), 16) != 0)
    return fail_errno("listen");
  return fd;
}

// Connects with a deadline; "" or why not.
inline std::string connect_to(const std::string& ip, uint16_t port) {
  base::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  auto a = address_of(ip, port);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) != 0 && errno != EINPROGRESS) return strerror(errno);
  pollfd p{.fd = fd.get(), .events = POLLOUT, .revents = 0};
  if (poll(&p, 1, 2000) != 1) return "timeout";
  int error = 0;
  socklen_t n = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &n);
  return error == 0 ? "" : strerror(error);
}

// The source address of the next connection that this listener gets.
inline std::string accepted_from(int listener) {
  pollfd p{.fd = listener, .events = POLLIN, .revents = 0};
  if (poll(&p, 1, 2000) != 1) return "nobody";
  sockaddr_in from{};
  socklen_t n = sizeof from;
  base::Fd fd(accept4(listener, reinterpret_cast<sockaddr*>(&from), &n, SOCK_CLOEXEC));
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &from.sin_addr, text, sizeof text);
}

inline base::Fd listen_in(int ns, uint16_t port) {
  base::Fd out;
  Machine::run_in(ns, [&]() -> Result<> {
    out = TRY(listen_on(port));
    return {};
  });
  return out;
}

inline std::string connect_in(int ns, const std::string& ip, uint16_t port) {
  std::string out;
  Machine::run_in(ns, [&]() -> Result<> {
    out = connect_to(ip, port);
    return {};
  });
  return out;
}

}  // namespace appliance::orchestrator::podnet::testing
