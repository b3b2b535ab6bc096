#include "orchestrator/podnet/change_watch.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

#include "net/netlink/netns.h"
#include "net/netlink/route.h"
#include "orchestrator/podnet/rules.h"

using namespace appliance;
using namespace appliance::orchestrator::podnet;
using net::netlink::Builder;
using net::netlink::Message;

namespace {

bool concerned(Builder& b, bool (*judge)(const Message&)) {
  std::string_view bytes = b.finish();
  const auto message = net::netlink::next_message(bytes);
  REQUIRE(message);
  return judge(*message);
}

bool link_notice(uint16_t type, uint32_t group) {
  Builder b;
  b.begin(type, 0, ifinfomsg{});
  b.value(IFLA_GROUP, group);
  return concerned(b, concerns_peers);
}

bool route_notice(uint16_t type, uint8_t protocol, bool gateway, uint8_t table = RT_TABLE_MAIN) {
  rtmsg fixed{};
  fixed.rtm_family = AF_INET;
  fixed.rtm_table = table;
  fixed.rtm_protocol = protocol;
  Builder b;
  b.begin(type, 0, fixed);
  if (gateway) b.be32(RTA_GATEWAY, 0x0a000001);
  return concerned(b, concerns_peers);
}

}  // namespace

TEST_CASE("change watch: pods that come and go concern nobody, links, addresses and routes do") {
  CHECK_FALSE(link_notice(RTM_NEWLINK, kLinkGroup));
  CHECK(link_notice(RTM_NEWLINK, 0));
  CHECK(link_notice(RTM_DELLINK, 0));
  CHECK_FALSE(route_notice(RTM_NEWROUTE, net::netlink::kOwnProtocol, false));  // to a pod
  CHECK_FALSE(route_notice(RTM_DELROUTE, net::netlink::kOwnProtocol, false));
  CHECK_FALSE(route_notice(RTM_NEWROUTE, net::netlink::kOwnProtocol, true));  // to a peer, by ourselves
  CHECK(route_notice(RTM_DELROUTE, net::netlink::kOwnProtocol, true));        // by somebody
  CHECK(route_notice(RTM_NEWROUTE, 3, true));
  CHECK_FALSE(route_notice(RTM_NEWROUTE, 3, true, RT_TABLE_LOCAL));
}

TEST_CASE("change watch: a burst of changes is answered, and nothing runs after stop") {
  auto ns = net::netlink::make_netns();
  REQUIRE(ns);
  std::mutex mutex;
  std::condition_variable called;
  int calls = 0;
  int calls_at_stop = -1;
  const auto result = net::netlink::in_netns(ns->get(), [&]() -> Result<> {
    auto watch = TRY(ChangeWatch::start(
        [&]() -> Result<> {
          const std::lock_guard lock(mutex);
          ++calls;
          called.notify_all();
          return {};
        },
        base::Log()));
    auto net = TRY(net::netlink::RouteSocket::open());
    TRY(net.change_link("lo", {.up = true}));
    TRY(net.create_bridge("br0"));
    {
      std::unique_lock lock(mutex);
      if (!called.wait_for(lock, std::chrono::seconds(10), [&] { return calls > 0; }))
        return fail(Code::kDeadlineExceeded, "no answer to the change");
    }
    watch->stop();
    watch->stop();
    calls_at_stop = calls;
    return net.create_bridge("br1");
  });
  INFO((result ? "" : result.error().message));
  REQUIRE(result);
  CHECK(calls == calls_at_stop);
  CHECK(calls <= 3);
}

TEST_CASE("change watch: an answer that fails and is a change itself is repeated ever more rarely") {
  auto ns = net::netlink::make_netns();
  REQUIRE(ns);
  std::mutex mutex;
  std::condition_variable called;
  std::vector<std::chrono::steady_clock::time_point> calls;
  const auto result = net::netlink::in_netns(ns->get(), [&]() -> Result<> {
    const auto watch = TRY(ChangeWatch::start(
        [&]() -> Result<> {
          auto net = TRY(net::netlink::RouteSocket::open());
          const std::lock_guard lock(mutex);
          TRY(net.create_bridge("br" + std::to_string(calls.size())));
          calls.push_back(std::chrono::steady_clock::now());
          called.notify_all();
          return fail(Code::kUnavailable, "no");
        },
        base::Log()));
    auto net = TRY(net::netlink::RouteSocket::open());
    TRY(net.change_link("lo", {.up = true}));
    std::unique_lock lock(mutex);
    if (!called.wait_for(lock, std::chrono::seconds(20), [&] { return calls.size() >= 3; }))
      return fail(Code::kDeadlineExceeded, "no answer to the change");
    return {};
  });
  INFO((result ? "" : result.error().message));
  REQUIRE(result);
  CHECK(calls[1] - calls[0] >= std::chrono::milliseconds(390));
  CHECK(calls[2] - calls[1] >= std::chrono::milliseconds(790));
}
