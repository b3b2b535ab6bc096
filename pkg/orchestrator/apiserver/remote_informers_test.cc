// RemoteInformers against a whole API server over loopback TLS: the same suite as the cache, then gaps, refusals and
// credentials that change.
#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "orchestrator/apiserver/testing/test_server.h"
#include "orchestrator/client/informer_conformance.h"
#include "orchestrator/client/remote_informers.h"

namespace appliance::orchestrator::apiserver {
namespace {

using namespace std::chrono_literals;
using client::conformance_map;
using testing::Identity;
using testing::TestServer;

void make_namespace(client::Client& client, const std::string& name) {
  REQUIRE(client.create("namespaces", "", json::Object{{"metadata", json::Object{{"name", name}}}}, {}).has_value());
}

bool eventually(const std::function<bool()>& what) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!what()) {
    if (std::chrono::steady_clock::now() > end) return false;
    (void)::poll(nullptr, 0, 2);
  }
  return true;
}

client::RemoteInformerOptions remote_options(TestServer& server, const std::string& url, const Identity& who) {
  client::RemoteInformerOptions out;
  out.https.base_url = url;
  out.https.ca_pem = server.ca_pem;
  out.https.certificate_pem = who.certificate_pem;
  out.https.key_pem = who.key_pem;
  out.retry_max = 200ms;
  return out;
}

// A log that a test can read.
struct LogFile {
  LogFile() : fd(::memfd_create("log", MFD_CLOEXEC)) {}
  [[nodiscard]] base::Log log(const base::Clock& clock) const {
    return base::Log(std::make_shared<base::LogSink>(fd.get(), base::LogLevel::kInfo, base::LogFormat::kText, clock));
  }
  [[nodiscard]] std::string text() const {
    std::string out(65536, '\0');
    out.resize(static_cast<size_t>(std::max<ssize_t>(0, ::pread(fd.get(), out.data(), out.size(), 0))));
    return out;
  }
  [[nodiscard]] size_t count(std::string_view what) const {
    const std::string all = text();
    size_t found = 0;
    for (size_t at = all.find(what); at != std::string::npos; at = all.find(what, at + 1)) ++found;
    return found;
  }
  base::Fd fd;
};

}  // namespace

TEST_CASE("informer: the cache of the process conforms") {
  TestServer server;
  make_namespace(server.admin(), "suite");
  client::informer_conformance(server.admin(), server.api->informers(), "suite");
}

TEST_CASE("informer: the informers over HTTPS conform") {
  TestServer server;
  make_namespace(server.admin(), "suite");
  const std::string url = server.listen();
  client::RemoteInformers remote(remote_options(server, url, server.issue("admin", {"system:masters"})), server.clock,
                                 server.random);
  client::informer_conformance(server.admin(), remote, "suite");
  CHECK(remote.connected());
}

TEST_CASE("remote informers: a list of many pages holds each object as the cache does, byte for byte") {
  TestServer server;
  const std::string url = server.listen();
  for (int i = 0; i < 450; ++i)
    REQUIRE(server.admin()
                .create("configmaps", "default", conformance_map("map-" + std::to_string(i), "v"), {})
                .has_value());
  client::RemoteInformers remote(remote_options(server, url, server.issue("admin", {"system:masters"})), server.clock,
                                 server.random);
  client::Informer& maps = remote.informer("configmaps");
  REQUIRE(remote.wait_synced(60s).has_value());
  const auto theirs = server.api->informers().informer("configmaps").list();
  const auto ours = maps.list();
  REQUIRE(theirs.size() >= 450);
  REQUIRE(ours.size() == theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    CHECK(*ours[i]->bytes == *theirs[i]->bytes);
    CHECK(ours[i]->revision == theirs[i]->revision);
  }
}

TEST_CASE("remote informers: the view stays while the API is away, and a new list gives the difference") {
  TestServer server;
  const std::string url = server.listen();
  const int port = server.listener->port();
  for (const char* name : {"gone", "kept", "new-value"})
    REQUIRE(server.admin().create("configmaps", "default", conformance_map(name, "1"), {}).has_value());
  client::RemoteInformers remote(remote_options(server, url, server.issue("admin", {"system:masters"})), server.clock,
                                 server.random);
  client::Informer& maps = remote.informer("configmaps");
  REQUIRE(remote.wait_synced(60s).has_value());
  client::HeardNotices heard("default");
  const auto subscription = maps.subscribe([&](const client::Notice& notice) { heard.add(notice); });
  REQUIRE(heard.wait(3).size() == 3);
  const auto kept = maps.get({"default", "kept"});

  server.unlisten();
  CHECK(eventually([&] { return !remote.connected(); }));
  CHECK(maps.list("default").size() == 3);
  REQUIRE(server.admin().remove("configmaps", {"default", "gone"}, {}).has_value());
  REQUIRE(server.admin()
              .patch("configmaps", {"default", "new-value"}, client::PatchType::kMerge,
                     json::Object{{"data", json::Object{{"a", "2"}}}}, {})
              .has_value());
  REQUIRE(server.admin().create("configmaps", "default", conformance_map("one-more", "1"), {}).has_value());
  server.start_api();  // it remembers nothing of these: the watch cannot go on
  server.listen(port);

  const auto lines = heard.wait(6);
  REQUIRE(lines.size() == 6);
  CHECK(std::vector<std::string>(lines.begin() + 3, lines.end()) ==
        std::vector<std::string>{"deleted gone", "modified new-value", "added one-more"});
  CHECK(maps.get({"default", "kept"}) == kept);  // the very same bytes
  CHECK(eventually([&] { return remote.connected(); }));
}

TEST_CASE("remote informers: a watch goes on from where it was when only the connection broke") {
  TestServer server;
  const std::string url = server.listen();
  const int port = server.listener->port();
  LogFile log;
  auto options = remote_options(server, url, server.issue("admin", {"system:masters"}));
  options.log = log.log(server.clock);
  client::RemoteInformers remote(std::move(options), server.clock, server.random);
  client::Informer& maps = remote.informer("configmaps");
  REQUIRE(remote.wait_synced(60s).has_value());
  client::HeardNotices heard("default");
  const auto subscription = maps.subscribe([&](const client::Notice& notice) { heard.add(notice); });
  server.unlisten();
  CHECK(eventually([&] { return !remote.connected(); }));
  // Made and gone again: only a watch that goes on can tell of it, a list cannot.
  REQUIRE(server.admin().create("configmaps", "default", conformance_map("brief", "1"), {}).has_value());
  REQUIRE(server.admin().remove("configmaps", {"default", "brief"}, {}).has_value());
  server.listen(port);
  CHECK(heard.wait(2) == std::vector<std::string>{"added brief", "deleted brief"});
  CHECK(eventually([&] { return log.count("the API answers again") == 1; }));
  CHECK(log.count("does not answer") == 1);
}

TEST_CASE("remote informers: a refused identity is told once, and others are taken on the fly") {
  TestServer server;
  const std::string url = server.listen();
  LogFile log;
  auto options = remote_options(server, url, server.issue("jane", {"dev"}));
  options.log = log.log(server.clock);
  client::RemoteInformers remote(std::move(options), server.clock, server.random);
  client::Informer& maps = remote.informer("configmaps");
  const auto late = remote.wait_synced(1s);  // several attempts
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == Code::kDeadlineExceeded);
  CHECK(late.error().message ==
        "not everything was listed in time: configmaps: configmaps is forbidden: User \"jane\" cannot list resource "
        "\"configmaps\" in API group \"\" at the cluster scope");
  CHECK(log.count("the API refuses this node") == 1);
  CHECK_FALSE(remote.connected());
  CHECK(maps.revision() == 0);

  const Identity admin = server.issue("admin", {"system:masters"});
  remote.set_credentials(admin.certificate_pem, admin.key_pem);
  REQUIRE(remote.wait_synced(60s).has_value());
  CHECK(remote.connected());

  const Identity mary = server.issue("mary", {"dev"});
  remote.set_credentials(mary.certificate_pem, mary.key_pem);  // the open watch is ended and asked for anew
  CHECK(eventually([&] { return !remote.connected(); }));
  CHECK(maps.list().size() == server.api->informers().informer("configmaps").list().size());
}

TEST_CASE("remote informers: a node watches its own pods, and carries no secrets") {
  TestServer server;
  const std::string url = server.listen();
  REQUIRE(server.admin().create("serviceaccounts", "default", json::parse(R"({"metadata":{"name":"default"}})").value(),
                                {}));
  auto options = remote_options(server, url, server.issue("system:node:n1", {"system:nodes"}));
  options.resources = {"pods", "services", "endpointslices.discovery.k8s.io", "nodes"};
  options.field_selectors = {{"pods", "spec.nodeName=n1"}};
  client::RemoteInformers remote(std::move(options), server.clock, server.random);
  CHECK(remote.find("secrets") == nullptr);
  CHECK(remote.find("configmaps") == nullptr);
  for (const char* resource : {"pods", "services", "endpointslices.discovery.k8s.io", "nodes"}) {
    INFO(resource);
    CHECK(remote.find(resource) == &remote.informer(resource));
  }
  const auto synced = remote.wait_synced(60s);
  INFO((synced ? "" : synced.error().message));
  REQUIRE(synced.has_value());
  client::HeardNotices heard("default");
  const auto subscription = remote.informer("pods").subscribe([&](const client::Notice& notice) { heard.add(notice); });
  for (const char* node : {"n2", "n1"}) {
    const std::string text = R"({"metadata":{"name":"on-)" + std::string(node) + R"("},"spec":{"nodeName":")" + node +
                             R"(","containers":[{"name":"c","image":"example.test/app:1"}]}})";
    REQUIRE(server.admin().create("pods", "default", json::parse(text).value(), {}).has_value());
  }
  CHECK(heard.wait(1) == std::vector<std::string>{"added on-n1"});
  CHECK(remote.informer("pods").list().size() == 1);
}

TEST_CASE("remote informers: stop returns soon while the server says nothing") {
  TestServer server;
  server.make_ca();
  // A listener that never accepts: connections are made by the kernel and stay silent.
  const base::Fd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(silent.get(), 16) == 0);
  REQUIRE(::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  client::RemoteInformers remote(
      remote_options(server, "https://127.0.0.1:" + std::to_string(ntohs(address.sin_port)), server.issue("a", {})),
      server.clock, server.random);
  client::Informer& maps = remote.informer("configmaps");
  (void)remote.informer("pods");
  const auto late = remote.wait_synced(100ms);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().message == "not everything was listed in time: configmaps: no answer yet; pods: no answer yet");
  const auto begun = std::chrono::steady_clock::now();
  remote.stop();
  CHECK(std::chrono::steady_clock::now() - begun < 20s);
  CHECK(maps.list().empty());
}

}  // namespace appliance::orchestrator::apiserver
