#include "orchestrator/podnet/change_watch.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/executor.h"
#include "net/netlink/route.h"
#include "orchestrator/podnet/rules.h"

namespace appliance::orchestrator::podnet {
namespace {

using net::netlink::find_attribute;
using net::netlink::Message;
using net::netlink::Monitor;
using net::netlink::parse_attributes;

constexpr int kRulesCheck_ms = 2000;   // as long as the proxy leaves its own rules unwatched, or less
constexpr int kSettle_ms = 200;        // changes come in bursts (a link, its address, its routes): one answer to all
constexpr int kSettleMax_ms = 30'000;  // after failures

bool is_pod_link(const Message& notice) {
  const auto attributes = parse_attributes(notice.attributes<ifinfomsg>());
  const auto* group = find_attribute(attributes, IFLA_GROUP);
  return group != nullptr && group->as<uint32_t>() == kLinkGroup;
}

bool is_peer_route(const Message& notice) {
  const auto info = notice.fixed<rtmsg>();
  if (info.rtm_family != AF_INET || info.rtm_table != RT_TABLE_MAIN) return false;
  if (info.rtm_protocol != net::netlink::kOwnProtocol) return true;  // may decide what is direct
  const auto attributes = parse_attributes(notice.attributes<rtmsg>());
  return notice.type == RTM_DELROUTE && find_attribute(attributes, RTA_GATEWAY) != nullptr;
}

}  // namespace

bool concerns_peers(const Message& notice) {
  switch (notice.type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return !is_pod_link(notice);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return true;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return is_peer_route(notice);
    default:
      return false;
  }
}

Result<std::unique_ptr<ChangeWatch>> ChangeWatch::start(std::function<Result<>()> mend, base::Log log) {
  auto routes = TRY(Monitor::open(NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE}));
  auto rules = TRY(net::nft::Nft::open());
  base::Fd stop(eventfd(0, EFD_CLOEXEC));
  if (!stop) return fail_errno("eventfd");
  return std::unique_ptr<ChangeWatch>(
      new ChangeWatch(std::move(routes), std::move(rules), std::move(stop), std::move(mend), std::move(log)));
}

ChangeWatch::ChangeWatch(Monitor routes, net::nft::Nft rules, base::Fd stop, std::function<Result<>()> mend,
                         base::Log log)
    : routes_(std::move(routes)),
      rules_(std::move(rules)),
      stop_(std::move(stop)),
      mend_(std::move(mend)),
      log_(std::move(log)),
      settle_ms_(kSettle_ms),
      thread_([this] { run(); }) {}

void ChangeWatch::stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  (void)::write(stop_.get(), &one, sizeof one);  // an eventfd takes it
  thread_.join();
}

bool ChangeWatch::routes_changed() {
  bool concerned = false;
  const auto lost = routes_.read([&](const Message& m) { concerned |= concerns_peers(m); });
  return concerned || !lost || *lost;
}

bool ChangeWatch::rules_gone() {
  const auto generation = rules_.generation();
  if (!generation || *generation == generation_) return false;
  generation_ = *generation;
  const auto exists = rules_.table_exists(kTable);
  return exists && !*exists;
}

bool ChangeWatch::mend_and_log() {
  const auto result = mend_();
  const std::string error = result ? "" : result.error().message;
  if (!error.empty() && error != last_error_)  // once, not with every change
    log_.warn("the network changed and the pod network could not follow", {{"error", result.error()}});
  last_error_ = error;
  return result.has_value();
}

void ChangeWatch::run() {
  base::set_thread_name("net-watch");
  while (true) {
    pollfd fds[] = {{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                    {.fd = routes_.fd(), .events = POLLIN, .revents = 0}};
    if (poll(fds, 2, kRulesCheck_ms) < 0 && errno != EINTR) {
      log_.error("the pod network hears of no changes any more", {{"error", errno_error("poll")}});
      return;
    }
    if (fds[0].revents != 0) return;
    bool concerned = routes_changed();
    if (concerned) {  // the rest of the burst; only the stop is heard meanwhile
      if (poll(fds, 1, settle_ms_) > 0) return;
      (void)routes_changed();
    }
    concerned |= rules_gone();
    if (concerned) settle_ms_ = mend_and_log() ? kSettle_ms : std::min(settle_ms_ * 2, kSettleMax_ms);
  }
}

}  // namespace appliance::orchestrator::podnet
