// Root needed. One machine in a network namespace of its own, with real pods (namespaces on veths) and an outside
// machine; real connections through real nftables.
#include "orchestrator/proxy/proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "base/fs.h"
#include "net/netlink/netns.h"
#include "net/netlink/route.h"
#include "net/nft/nft.h"
#include "orchestrator/client/fake_informers.h"
#include "orchestrator/podnet/podnet.h"

using namespace appliance;
using namespace appliance::orchestrator;
using namespace std::chrono_literals;
using net::netlink::RouteSocket;

namespace {

void run_in(int ns, const std::function<Result<>()>& body) {
  auto result = net::netlink::in_netns(ns, body);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
}

sockaddr_in address_of(const std::string& ip, uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &out.sin_addr);
  return out;
}

std::string ip_of(const sockaddr_in& a) {
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &a.sin_addr, text, sizeof text);
}

struct Pod {
  std::string uid;
  std::string path;
  base::Fd ns;
  std::string ip;
  base::Fd tcp;  // listens on 8080
  base::Fd udp;  // bound to 5353
};

// Opens both servers of a pod; sockets belong to the namespace in which they are made.
void serve(Pod& pod) {
  run_in(pod.ns.get(), [&]() -> Result<> {
    auto at = address_of("0.0.0.0", 8080);
    pod.tcp = base::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (bind(pod.tcp.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(pod.tcp.get(), 4096) != 0)
      return fail_errno("listen");
    at = address_of("0.0.0.0", 5353);
    pod.udp = base::Fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (bind(pod.udp.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) return fail_errno("bind");
    return {};
  });
}

class World {
 public:
  World() {
    char name[] = "/tmp/proxy-test.XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    dir_ = name;
    auto made = net::netlink::make_netns();
    REQUIRE(made);
    host = std::move(*made);
    made = net::netlink::make_netns();
    REQUIRE(made);
    outside = std::move(*made);
    run_in(host.get(), [&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      TRY(net.create_veth({.name = "up0",
                           .mac = {2, 9, 0, 0, 0, 1},
                           .peer_name = "up1",
                           .peer_mac = {2, 9, 0, 0, 0, 2},
                           .peer_netns_fd = outside.get()}));
      TRY(net.change_link("up0", {.up = true}));
      const auto link = TRY(net.link("up0"));
      TRY(net.add_address({.link = link.index, .ip = *net::netlink::parse_ipv4("192.0.2.1"), .prefix = 24}));
      podnet = TRY(podnet::PodNet::open({.pod_cidr = "10.42.0.0/24",
                                         .cluster_cidr = "10.42.0.0/16",
                                         .service_cidr = "10.43.0.0/16",
                                         .state_dir = dir_ + "/net",
                                         .log = {}},
                                        clock));
      return {};
    });
    run_in(outside.get(), [&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      TRY(net.change_link("up1", {.up = true}));
      const auto link = TRY(net.link("up1"));
      return net.add_address({.link = link.index, .ip = *net::netlink::parse_ipv4("192.0.2.2"), .prefix = 24});
    });
    start();
  }
  ~World() {
    proxy.reset();
    podnet.reset();
    for (const auto& path : paths_) (void)net::netlink::remove_named_netns(path);
    (void)base::remove_tree(dir_);
  }

  void start() {
    run_in(host.get(), [&]() -> Result<> {
      proxy = std::make_unique<proxy::Proxy>(
          proxy::Options{.cluster_cidr = "10.42.0.0/16", .service_cidr = "10.43.0.0/16", .node_name = "n1", .log = log},
          informers, clock);
      return proxy->start();
    });
    eventually([&] { return proxy->synced(); });
  }

  std::unique_ptr<Pod> pod(const std::string& uid) {
    auto out = std::make_unique<Pod>();
    out->uid = uid;
    out->path = dir_ + "/ns-" + uid;
    auto ns = net::netlink::make_named_netns(out->path);
    REQUIRE(ns);
    paths_.push_back(out->path);
    out->ns = std::move(*ns);
    run_in(host.get(), [&]() -> Result<> {
      out->ip = TRY(podnet->attach(uid, out->path)).address;
      return {};
    });
    serve(*out);
    return out;
  }

  void service(const char* extra = "") {
    informers.services.put(*json::parse(
        std::string(
            R"({"metadata":{"name":"web","namespace":"default"},"spec":{"clusterIP":"10.43.0.5","clusterIPs":["10.43.0.5"],
      "type":"NodePort",)") +
        extra +
        R"("ports":[{"name":"http","port":80,"nodePort":30080},{"name":"udp","protocol":"UDP","port":53,"nodePort":30053}]}})"));
  }
  void endpoints(const std::vector<std::string>& ips) {
    std::string list;
    for (const auto& ip : ips)
      list += (list.empty() ? "" : ",") + std::string(R"({"addresses":[")") + ip +
              R"("],"nodeName":"n1","conditions":{"ready":true}})";
    informers.slices.put(*json::parse(
        R"({"metadata":{"name":"web-1","namespace":"default","labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4",
      "ports":[{"name":"http","port":8080},{"name":"udp","protocol":"UDP","port":5353}],"endpoints":[)" +
        list + "]}"));
    // The kernel has it when the count of slots is right: asked, not waited for.
    eventually([&] { return backends() == std::set<std::string>(ips.begin(), ips.end()); });
  }
  std::set<std::string> backends() {
    std::set<std::string> out;
    run_in(host.get(), [&]() -> Result<> {
      auto nft = TRY(net::nft::Nft::open());
      for (const auto& e : TRY(nft.elements(proxy::kTable, "be"))) {
        in_addr a{};
        std::memcpy(&a, e.data.data(), sizeof a);
        out.insert(ip_of({.sin_family = AF_INET, .sin_port = 0, .sin_addr = a, .sin_zero = {}}));
      }
      return {};
    });
    return out;
  }

  static void eventually(const std::function<bool()>& condition, std::chrono::seconds deadline = 10s) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::sleep_for(2ms);
    }
  }

  base::Fd host;
  base::Fd outside;
  base::SystemClock clock;
  base::Log log{std::make_shared<base::LogSink>(2, base::LogLevel::kInfo, base::LogFormat::kText, clock)};
  FakeInformers informers;
  std::unique_ptr<podnet::PodNet> podnet;
  std::unique_ptr<proxy::Proxy> proxy;

 private:
  std::string dir_;
  std::vector<std::string> paths_;
};

struct Connected {
  base::Fd fd;
  std::string error;  // "" = connected
};

Connected connect_from(int ns, const std::string& ip, uint16_t port) {
  Connected out;
  run_in(ns, [&]() -> Result<> {
    out.fd = base::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    auto a = address_of(ip, port);
    if (connect(out.fd.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) != 0 && errno != EINPROGRESS) {
      out.error = strerror(errno);
      return {};
    }
    pollfd p{.fd = out.fd.get(), .events = POLLOUT, .revents = 0};
    int error = 0;
    socklen_t n = sizeof error;
    if (poll(&p, 1, 1500) != 1) error = ETIMEDOUT;
    if (error == 0) getsockopt(out.fd.get(), SOL_SOCKET, SO_ERROR, &error, &n);
    if (error != 0) out.error = strerror(error);
    return {};
  });
  return out;
}

// Who got the next connection: "pod <- source", waiting for one.
std::string accepted(std::initializer_list<Pod*> pods, base::Fd* connection = nullptr) {
  std::vector<pollfd> fds;
  for (auto* p : pods) fds.push_back({.fd = p->tcp.get(), .events = POLLIN, .revents = 0});
  if (poll(fds.data(), fds.size(), 1500) < 1) return "nobody";
  size_t i = 0;
  for (auto* p : pods) {
    if ((fds[i++].revents & POLLIN) == 0) continue;
    sockaddr_in from{};
    socklen_t n = sizeof from;
    base::Fd fd(accept4(p->tcp.get(), reinterpret_cast<sockaddr*>(&from), &n, SOCK_CLOEXEC));
    if (connection != nullptr) *connection = std::move(fd);
    return p->uid + " <- " + ip_of(from);
  }
  return "nobody";
}

// Sends one datagram on the socket and says which pod it reached.
std::string udp_reaches(int fd, std::initializer_list<Pod*> pods) {
  if (send(fd, "x", 1, 0) != 1) return strerror(errno);
  std::vector<pollfd> fds;
  for (auto* p : pods) fds.push_back({.fd = p->udp.get(), .events = POLLIN, .revents = 0});
  if (poll(fds.data(), fds.size(), 700) < 1) return "nobody";
  size_t i = 0;
  for (auto* p : pods) {
    if ((fds[i++].revents & POLLIN) == 0) continue;
    char c = 0;
    (void)recv(p->udp.get(), &c, 1, 0);
    return p->uid;
  }
  return "nobody";
}

base::Fd udp_from(int ns, const std::string& ip, uint16_t port) {
  base::Fd out;
  run_in(ns, [&]() -> Result<> {
    out = base::Fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto a = address_of(ip, port);
    if (connect(out.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) return fail_errno("connect");
    return {};
  });
  return out;
}

}  // namespace

TEST_CASE("proxy: a cluster IP works from pods with their own source, from the host, and spreads over its endpoints") {
  World w;
  auto client = w.pod("client");
  auto a = w.pod("a");
  auto b = w.pod("b");
  w.service();
  w.endpoints({a->ip, b->ip});
  std::set<std::string> seen;
  for (int i = 0; i < 40; ++i) {
    const auto c = connect_from(client->ns.get(), "10.43.0.5", 80);
    REQUIRE(c.error.empty());
    seen.insert(accepted({a.get(), b.get()}));
  }
  CHECK(seen == std::set<std::string>{"a <- " + client->ip, "b <- " + client->ip});
  const auto c = connect_from(w.host.get(), "10.43.0.5", 80);
  CHECK(c.error.empty());
  CHECK(accepted({a.get(), b.get()}).ends_with(" <- 192.0.2.1"));
}

TEST_CASE("proxy: a node port works from outside, on 127.0.0.1, on the node's address from the host and from a pod") {
  World w;
  auto client = w.pod("client");
  auto a = w.pod("a");
  w.service();
  w.endpoints({a->ip});
  const std::pair<int, const char*> roads[] = {{w.outside.get(), "192.0.2.1"},
                                               {w.host.get(), "127.0.0.1"},
                                               {w.host.get(), "192.0.2.1"},
                                               {client->ns.get(), "192.0.2.1"}};
  for (const auto& [ns, ip] : roads) {
    INFO(ip);
    const auto c = connect_from(ns, ip, 30080);
    CHECK(c.error == "");
    CHECK(accepted({a.get()}) == "a <- 192.0.2.1");
  }
  const auto udp = udp_from(w.outside.get(), "192.0.2.1", 30053);
  CHECK(udp_reaches(udp.get(), {a.get()}) == "a");
}

TEST_CASE("proxy: a pod reaches itself through its own service") {
  World w;
  auto a = w.pod("a");
  w.service();
  w.endpoints({a->ip});
  const auto c = connect_from(a->ns.get(), "10.43.0.5", 80);
  CHECK(c.error == "");
  CHECK(accepted({a.get()}) != "nobody");
}

TEST_CASE(
    "proxy: without endpoints a connection is refused at once, from pods, the host and outside; unknown ports too") {
  World w;
  auto client = w.pod("client");
  w.service();
  w.endpoints({});
  const std::string refused = strerror(ECONNREFUSED);
  CHECK(connect_from(client->ns.get(), "10.43.0.5", 80).error == refused);
  CHECK(connect_from(w.host.get(), "10.43.0.5", 80).error == refused);
  CHECK(connect_from(w.outside.get(), "192.0.2.1", 30080).error == refused);
  CHECK(connect_from(client->ns.get(), "10.43.0.5", 81).error == refused);
  // UDP: the ICMP error arrives on the socket.
  const auto udp = udp_from(client->ns.get(), "10.43.0.5", 53);
  REQUIRE(send(udp.get(), "x", 1, 0) == 1);
  pollfd p{.fd = udp.get(), .events = POLLIN, .revents = 0};
  CHECK(poll(&p, 1, 1500) == 1);
  char c = 0;
  CHECK(recv(udp.get(), &c, 1, MSG_DONTWAIT) == -1);
  CHECK(errno == ECONNREFUSED);
}

TEST_CASE("proxy: a removed endpoint gets no new connection, while its old one goes on") {
  World w;
  auto client = w.pod("client");
  auto a = w.pod("a");
  auto b = w.pod("b");
  w.service();
  w.endpoints({a->ip});
  const auto old = connect_from(client->ns.get(), "10.43.0.5", 80);
  base::Fd server;
  REQUIRE(accepted({a.get()}, &server) == "a <- " + client->ip);
  w.endpoints({b->ip});
  for (int i = 0; i < 20; ++i) {
    const auto c = connect_from(client->ns.get(), "10.43.0.5", 80);
    REQUIRE(c.error.empty());
    REQUIRE(accepted({a.get(), b.get()}) == "b <- " + client->ip);
  }
  REQUIRE(send(old.fd.get(), "y", 1, MSG_NOSIGNAL) == 1);
  char got = 0;
  pollfd p{.fd = server.get(), .events = POLLIN, .revents = 0};
  REQUIRE(poll(&p, 1, 1500) == 1);
  CHECK(recv(server.get(), &got, 1, 0) == 1);
  CHECK(got == 'y');
}

TEST_CASE("proxy: no connection fails while endpoints change all the time") {
  World w;
  auto client = w.pod("client");
  auto a = w.pod("a");
  auto b = w.pod("b");
  auto c = w.pod("c");
  w.service();
  w.endpoints({a->ip, b->ip});
  std::atomic<bool> stop{false};
  std::map<std::string, int> failures;
  int connections = 0;
  std::thread load([&] {
    (void)net::netlink::in_netns(client->ns.get(), [&]() -> Result<> {
      while (!stop) {
        const base::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const timeval timeout{.tv_sec = 1, .tv_usec = 0};
        setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        const linger reset{.l_onoff = 1, .l_linger = 0};
        setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        auto to = address_of("10.43.0.5", 80);
        if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) ++failures[strerror(errno)];
        ++connections;
      }
      return {};
    });
  });
  const auto drain =
      [&] {  // all the time: a listening queue that fills drops connections, and that is not the proxy's doing
        for (auto* p : {a.get(), b.get(), c.get()})
          for (int fd = 0; fd >= 0;) {
            fd = accept4(p->tcp.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (fd >= 0) close(fd);
          }
      };
  for (auto* p : {a.get(), b.get(), c.get()}) REQUIRE(fcntl(p->tcp.get(), F_SETFL, O_NONBLOCK) == 0);
  std::thread drainer([&] {
    pollfd queues[] = {{a->tcp.get(), POLLIN, 0}, {b->tcp.get(), POLLIN, 0}, {c->tcp.get(), POLLIN, 0}};
    while (!stop) {
      (void)poll(queues, 3, 5);
      drain();
    }
  });
  for (int i = 0; i < 30; ++i) {
    w.endpoints(i % 3 == 0   ? std::vector{a->ip}
                : i % 3 == 1 ? std::vector{a->ip, b->ip, c->ip}
                             : std::vector{b->ip, c->ip});
  }
  stop = true;
  load.join();
  drainer.join();
  INFO(connections << " connections");
  CHECK(connections > 100);
  for (const auto& [error, count] : failures) UNSCOPED_INFO(error << ": " << count);
  CHECK(failures.empty());
}

TEST_CASE("proxy: a UDP client moves on when its endpoint goes, and finds the first one after none") {
  World w;
  auto client = w.pod("client");
  auto a = w.pod("a");
  auto b = w.pod("b");
  w.service();
  w.endpoints({a->ip});
  const auto udp = udp_from(client->ns.get(), "10.43.0.5", 53);
  CHECK(udp_reaches(udp.get(), {a.get(), b.get()}) == "a");
  w.endpoints({b->ip});
  World::eventually([&] { return udp_reaches(udp.get(), {a.get(), b.get()}) == "b"; });
  w.endpoints({});
  World::eventually([&] { return udp_reaches(udp.get(), {a.get(), b.get()}) != "b"; });
  w.endpoints({a->ip});
  World::eventually([&] { return udp_reaches(udp.get(), {a.get(), b.get()}) == "a"; });
}

TEST_CASE("proxy: a client with session affinity stays, and moves when its endpoint leaves") {
  World w;
  auto client = w.pod("client");
  auto a = w.pod("a");
  auto b = w.pod("b");
  w.service(R"("sessionAffinity":"ClientIP",)");
  w.endpoints({a->ip, b->ip});
  const auto once = [&] {
    const auto c = connect_from(client->ns.get(), "10.43.0.5", 80);
    REQUIRE(c.error.empty());
    return accepted({a.get(), b.get()});
  };
  const auto first = once();
  for (int i = 0; i < 15; ++i) REQUIRE(once() == first);
  const bool was_a = first.starts_with("a");
  w.endpoints({was_a ? b->ip : a->ip});
  const auto second = once();
  CHECK(second != first);
  w.endpoints({a->ip, b->ip});
  for (int i = 0; i < 15; ++i) REQUIRE(once() == second);
}

TEST_CASE("proxy: a restart adopts the kernel's state, drops what is stale, and services work in between") {
  World w;
  auto client = w.pod("client");
  auto a = w.pod("a");
  auto b = w.pod("b");
  w.service();
  w.endpoints({a->ip});
  w.proxy->stop();
  CHECK(connect_from(client->ns.get(), "10.43.0.5", 80).error == "");
  CHECK(accepted({a.get()}) == "a <- " + client->ip);
  // While it was away the endpoint changed.
  w.informers.slices.put(*json::parse(
      R"({"metadata":{"name":"web-1","namespace":"default","labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4",
    "ports":[{"name":"http","port":8080}],"endpoints":[{"addresses":[")" +
      b->ip + R"("]}]})"));
  w.start();
  CHECK(w.backends() == std::set<std::string>{b->ip});
  CHECK(connect_from(client->ns.get(), "10.43.0.5", 80).error == "");
  CHECK(accepted({a.get(), b.get()}) == "b <- " + client->ip);
}

TEST_CASE("proxy: a restart refuses nobody while the first notices are on their way") {
  World w;
  auto client = w.pod("client");
  auto a = w.pod("a");
  w.service();
  w.endpoints({a->ip});
  w.proxy->stop();
  w.informers.slices.hold_first();
  w.start();  // it has compared everything with the kernel, and has heard of no slice
  CHECK(w.backends() == std::set<std::string>{a->ip});
  CHECK(connect_from(client->ns.get(), "10.43.0.5", 80).error == "");
  CHECK(accepted({a.get()}) == "a <- " + client->ip);
  w.informers.slices.release();
  w.informers.slices.remove({.ns = "default", .name = "web-1"});
  World::eventually([&] { return w.backends().empty(); });
}

TEST_CASE("proxy: a ruleset that somebody flushed comes back; teardown removes the table") {
  World w;
  auto a = w.pod("a");
  w.service();
  w.endpoints({a->ip});
  run_in(w.host.get(), [&]() -> Result<> { return TRY(net::nft::Nft::open()).delete_table(proxy::kTable); });
  bool back = false;
  World::eventually(
      [&] {
        run_in(w.host.get(), [&]() -> Result<> {
          auto nft = TRY(net::nft::Nft::open());
          back = TRY(nft.table_exists(proxy::kTable)) && !TRY(nft.elements(proxy::kTable, "be")).empty();
          return {};
        });
        return back;
      },
      20s);
  run_in(w.host.get(), [&]() -> Result<> { return w.proxy->teardown(); });
  run_in(w.host.get(), [&]() -> Result<> {
    auto nft = TRY(net::nft::Nft::open());
    back = TRY(nft.table_exists(proxy::kTable));
    return {};
  });
  CHECK_FALSE(back);
}

TEST_CASE(
    "proxy: with externalTrafficPolicy Local the client's address is kept, and nothing answers where no endpoint is") {
  World w;
  auto a = w.pod("a");
  w.service(R"("externalTrafficPolicy":"Local",)");
  w.endpoints({a->ip});
  CHECK(connect_from(w.outside.get(), "192.0.2.1", 30080).error == "");
  CHECK(accepted({a.get()}) == "a <- 192.0.2.2");
  CHECK(connect_from(w.host.get(), "127.0.0.1", 30080).error == "");
  CHECK(accepted({a.get()}) == "a <- 192.0.2.1");
}
