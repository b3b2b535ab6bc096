// Root needed: the server runs in a network namespace of its own, and dig (a stranger) asks it there.
#include "orchestrator/dns/server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <thread>

#include "base/fs.h"
#include "net/dns/codec.h"
#include "net/netlink/netns.h"
#include "net/netlink/route.h"
#include "orchestrator/client/fake_informers.h"

using namespace appliance;
using namespace appliance::orchestrator;
using namespace std::chrono_literals;

namespace {

// An upstream on 127.0.0.1: answers from a function of the question; counts.
class Upstream {
 public:
  using Respond = std::function<std::string(const net::dns::Query&, bool tcp)>;
  explicit Upstream(Respond respond) : respond_(std::move(respond)) {
    udp_ = base::Fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(udp_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    socklen_t n = sizeof at;
    getsockname(udp_.get(), reinterpret_cast<sockaddr*>(&at), &n);
    port = ntohs(at.sin_port);
    tcp_ = base::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(tcp_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(listen(tcp_.get(), 16) == 0);
    thread_ = std::thread([this] { run(); });
  }
  ~Upstream() {
    stop_ = true;
    thread_.join();
  }
  uint16_t port = 0;
  std::atomic<int> asked{0};

 private:
  void run() {
    char buffer[4096];
    while (!stop_) {
      pollfd fds[] = {{.fd = udp_.get(), .events = POLLIN, .revents = 0},
                      {.fd = tcp_.get(), .events = POLLIN, .revents = 0}};
      if (poll(fds, 2, 20) < 1) continue;
      if ((fds[0].revents & POLLIN) != 0) {
        sockaddr_in from{};
        socklen_t n = sizeof from;
        const ssize_t size = recvfrom(udp_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &n);
        auto query = net::dns::parse_query({buffer, static_cast<size_t>(size)});
        if (!query) continue;
        ++asked;
        const auto reply = respond_(*query, false);
        sendto(udp_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), n);
      }
      if ((fds[1].revents & POLLIN) != 0) {
        const base::Fd fd(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const ssize_t size = recv(fd.get(), buffer, sizeof buffer, 0);
        if (size < 3) continue;
        auto query = net::dns::parse_query({buffer + 2, static_cast<size_t>(size) - 2});
        if (!query) continue;
        ++asked;
        auto reply = respond_(*query, true);
        reply = std::string{static_cast<char>(reply.size() >> 8), static_cast<char>(reply.size() & 0xff)} + reply;
        (void)send(fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      }
    }
  }
  Respond respond_;
  base::Fd udp_;
  base::Fd tcp_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

net::dns::Answer addresses(const net::dns::Query& q, size_t count) {
  net::dns::Answer out;
  out.authoritative = false;
  for (uint32_t i = 0; i < count; ++i)
    out.answers.push_back(
        {.name = q.question->name, .type = net::dns::kTypeA, .ttl = 300, .rdata = net::dns::rdata_a(0xcb007100U + i)});
  return out;
}

struct Server {
  base::Fd ns;
  base::SystemClock clock;
  FakeInformers informers;
  std::unique_ptr<Upstream> upstream;
  std::unique_ptr<dns::DnsServer> server;

  explicit Server(Upstream::Respond respond = nullptr, bool start_now = true) {
    auto made = net::netlink::make_netns();
    REQUIRE(made);
    ns = std::move(*made);
    informers.services.put(*json::parse(
        R"({"metadata":{"name":"web","namespace":"default"},"spec":{"clusterIP":"10.43.0.5","ports":[{"name":"http","port":80}]}})"));
    informers.services.put(
        *json::parse(R"({"metadata":{"name":"big","namespace":"default"},"spec":{"clusterIP":"None"}})"));
    std::string list;
    for (int i = 0; i < 200; ++i)
      list += (i > 0 ? "," : "") + std::string(R"({"addresses":["10.42.1.)") + std::to_string(i) + R"("]})";
    informers.slices.put(*json::parse(
        R"({"metadata":{"name":"big-1","namespace":"default","labels":{"kubernetes.io/service-name":"big"}},"addressType":"IPv4","endpoints":[)" +
        list + "]}"));
    informers.services.put(*json::parse(
        R"({"metadata":{"name":"ext","namespace":"default"},"spec":{"type":"ExternalName","externalName":"www.example.com"}})"));
    run([&]() -> Result<> {
      auto net = TRY(net::netlink::RouteSocket::open());
      TRY(net.change_link("lo", {.up = true}));
      if (respond) upstream = std::make_unique<Upstream>(respond);
      dns::Options options{.listen_addresses = {"10.43.0.10"},
                           .private_cidrs = {"10.42.0.0/16", "10.43.0.0/16"},
                           .resolv_conf_path = "/nonexistent",
                           .log = {}};
      if (upstream) options.upstreams = {"127.0.0.1:" + std::to_string(upstream->port)};
      server = std::make_unique<dns::DnsServer>(options, informers, clock);
      return start_now ? server->start() : Result<>{};
    });
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (start_now && !server->synced()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::sleep_for(1ms);
    }
  }
  void run(const std::function<Result<>()>& body) {
    auto result = net::netlink::in_netns(ns.get(), body);
    INFO((result ? std::string() : result.error().message));
    REQUIRE(result.has_value());
  }
  std::string dig(const std::string& arguments) {
    std::string out;
    run([&]() -> Result<> {
      FILE* pipe = popen(("dig +tries=1 +time=3 @10.43.0.10 " + arguments + " 2>&1").c_str(), "r");
      char buffer[4096];
      while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
      pclose(pipe);
      return {};
    });
    return out;
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("dns server: dig gets service, reverse, SRV and negative answers, by UDP and TCP") {
  Server s;
  CHECK(s.dig("+short web.default.svc.cluster.local") == "10.43.0.5\n");
  CHECK(s.dig("+short +tcp web.default.svc.cluster.local") == "10.43.0.5\n");
  CHECK(s.dig("+short +noedns WEB.default.svc.cluster.local") == "10.43.0.5\n");
  CHECK(s.dig("+short -x 10.43.0.5") == "web.default.svc.cluster.local.\n");
  CHECK(s.dig("+short SRV _http._tcp.web.default.svc.cluster.local") == "0 100 80 web.default.svc.cluster.local.\n");
  const auto nodata = s.dig("AAAA web.default.svc.cluster.local");
  CHECK(has(nodata, "status: NOERROR"));
  CHECK(has(nodata, "ANSWER: 0"));
  CHECK(has(nodata, "SOA"));
  CHECK(has(s.dig("nosuch.default.svc.cluster.local"), "status: NXDOMAIN"));
  CHECK(has(s.dig("cluster.local SOA"), "ns.dns.cluster.local. hostmaster.cluster.local."));
  CHECK(has(s.dig("-x 10.43.99.99"), "status: NXDOMAIN"));
  CHECK(has(s.dig("cluster.local AXFR +tcp"), "Transfer failed"));
  CHECK(has(s.dig("version.bind TXT CH"), "status: REFUSED"));
  CHECK(has(s.dig("+edns=1 +noednsneg web.default.svc.cluster.local"), "status: BADVERS"));
  CHECK(has(s.dig("+opcode=UPDATE web.default.svc.cluster.local"), "status: NOTIMP"));
}

TEST_CASE("dns server: a large headless service is truncated by UDP and whole by TCP") {
  Server s;
  CHECK(has(s.dig("+ignore big.default.svc.cluster.local"), " tc "));
  const auto all = s.dig("+short big.default.svc.cluster.local");
  CHECK(std::count(all.begin(), all.end(), '\n') >= 200);
}

TEST_CASE("dns server: changes of services show at once") {
  Server s;
  s.informers.services.put(
      *json::parse(R"({"metadata":{"name":"web","namespace":"default"},"spec":{"clusterIP":"10.43.0.6"}})"));
  const auto eventually = [&](const char* name, const std::string& want) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (s.dig(std::string("+short ") + name) != want) REQUIRE(std::chrono::steady_clock::now() < end);
  };
  eventually("web.default.svc.cluster.local", "10.43.0.6\n");
  s.informers.services.remove({"default", "web"});
  eventually("web.default.svc.cluster.local", "");
}

TEST_CASE("dns server: other names are forwarded, cached, and asked by TCP when truncated") {
  Server s([](const net::dns::Query& q, bool tcp) {
    const auto name = net::dns::name_to_text(q.question->name);
    if (name == "nx.example.com") {
      net::dns::Answer out;
      out.rcode = net::dns::Rcode::kNxDomain;
      return net::dns::build_response(q, out, 512);
    }
    return net::dns::build_response(q, addresses(q, name == "big.example.com" ? 100 : 1), tcp ? 65535 : 512);
  });
  CHECK(s.dig("+short www.example.com") == "203.0.113.0\n");
  CHECK(s.dig("+short WWW.example.com") == "203.0.113.0\n");
  CHECK(s.upstream->asked == 1);
  CHECK(has(s.dig("nx.example.com"), "status: NXDOMAIN"));
  const auto big = s.dig("+short big.example.com");
  CHECK(std::count(big.begin(), big.end(), '\n') >= 100);
  CHECK(s.dig("+short ext.default.svc.cluster.local") == "www.example.com.\n203.0.113.0\n");
  CHECK_FALSE(has(s.dig("+noedns www.example.com"), "OPT PSEUDOSECTION"));
}

TEST_CASE("dns server: an upstream that lies about id, question or says nothing is not believed") {
  Server s([](const net::dns::Query& q, bool) {
    net::dns::Query other = q;
    other.id = static_cast<uint16_t>(q.id + 1);
    return net::dns::build_response(other, addresses(q, 1), 512);
  });
  CHECK_FALSE(has(s.dig("www.example.com +time=1"), "203.0.113.0"));
  CHECK(s.dig("+short web.default.svc.cluster.local") == "10.43.0.5\n");  // not disturbed meanwhile
}

TEST_CASE("dns server: without upstreams foreign names fail quickly and the zone is served") {
  Server s;
  CHECK(has(s.dig("www.example.com"), "status: SERVFAIL"));
  CHECK(s.dig("+short web.default.svc.cluster.local") == "10.43.0.5\n");
}

TEST_CASE("dns server: a TCP client may send several queries at once, in pieces") {
  Server s;
  std::string got;
  s.run([&]() -> Result<> {
    const base::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(53);
    inet_pton(AF_INET, "10.43.0.10", &at.sin_addr);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) return fail_errno("connect");
    std::string bytes;
    for (uint16_t id = 1; id <= 3; ++id) {
      const auto q = net::dns::build_query(
          id, {.name = *net::dns::name_from_text("web.default.svc.cluster.local"), .type = net::dns::kTypeA});
      bytes += std::string{static_cast<char>(q.size() >> 8), static_cast<char>(q.size() & 0xff)} + q;
    }
    for (const char c : bytes)
      if (send(fd.get(), &c, 1, MSG_NOSIGNAL) != 1) return fail_errno("send");
    char buffer[4096];
    int answers = 0;
    while (answers < 3) {
      pollfd p{.fd = fd.get(), .events = POLLIN, .revents = 0};
      if (poll(&p, 1, 3000) != 1) return fail(Code::kDeadlineExceeded, "no answer");
      const ssize_t n = recv(fd.get(), buffer, sizeof buffer, 0);
      if (n <= 0) return fail_errno("recv");
      got.append(buffer, static_cast<size_t>(n));
      answers = 0;
      for (size_t at_byte = 0; at_byte + 2 <= got.size();) {
        const size_t length =
            size_t{static_cast<unsigned char>(got[at_byte])} << 8 | static_cast<unsigned char>(got[at_byte + 1]);
        if (at_byte + 2 + length > got.size()) break;
        at_byte += 2 + length;
        ++answers;
      }
    }
    return {};
  });
  CHECK(got.size() > 3 * 40);
}

TEST_CASE("dns server: its address is on lo while it runs and teardown takes it away") {
  Server s;
  const auto there = [&] {
    bool out = false;
    s.run([&]() -> Result<> {
      auto net = TRY(net::netlink::RouteSocket::open());
      for (const auto& a : TRY(net.addresses())) out |= a.ip.string() == "10.43.0.10";
      return {};
    });
    return out;
  };
  CHECK(there());
  s.server->stop();
  CHECK(there());
  s.run([&] { return s.server->teardown(); });
  CHECK_FALSE(there());
}
