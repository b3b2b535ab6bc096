#include "orchestrator/dns/server.h"

#include <arpa/inet.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/executor.h"
#include "base/random.h"
#include "base/strings.h"
#include "net/netlink/route.h"
#include "orchestrator/dns/pod_resolv.h"
#include "orchestrator/dns/resolv_conf.h"
#include "orchestrator/dns/resolver.h"

namespace appliance::orchestrator::dns {
namespace {

using namespace std::chrono_literals;

constexpr auto kResolvConfInterval = 5s;  // a laptop changes networks
constexpr auto kInformerPoll = 20ms;      // until the first lists are in
constexpr size_t kUpstreamsMax = 8;
constexpr size_t kUpdatesPerRound = 64;  // services per turn: queries must not wait behind a big first list

Result<sockaddr_in> address_of(std::string_view text, uint16_t default_port) {
  const size_t colon = text.find(':');
  const auto ip = net::netlink::parse_ipv4(text.substr(0, colon));
  const auto port =
      colon == std::string_view::npos ? std::optional(default_port) : base::parse_int<uint16_t>(text.substr(colon + 1));
  if (!ip || !port)
    return fail(Code::kInvalidArgument, "'" + std::string(text) + "' is not an IPv4 address with an optional port");
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(*port);
  out.sin_addr.s_addr = htonl(ip->value);
  return out;
}

std::string_view service_label(const api::Object& slice) {
  for (const auto& [key, value] : slice.meta.labels)
    if (key == "kubernetes.io/service-name") return value;
  return {};
}

Result<> change_addresses(const std::vector<std::string>& addresses, bool add) {
  auto net = TRY(net::netlink::RouteSocket::open());
  const auto lo = TRY(net.link("lo"));
  for (const auto& text : addresses) {
    const auto ip = net::netlink::parse_ipv4(text);
    if (!ip) return fail(Code::kInvalidArgument, "dns address '" + text + "' is not an IPv4 address");
    if (ip->value >> 24 == 127) continue;
    // Scope host: the kernel never picks it as the source of another connection.
    const net::netlink::Address address{.link = lo.index, .ip = *ip, .prefix = 32, .scope = net::netlink::Scope::kHost};
    TRY(add ? net.add_address(address) : net.delete_address(address));
  }
  return {};
}

}  // namespace

class DnsServer::Core {
 public:
  Core(Options options, client::InformerSource& informers, const base::Clock& clock)
      : options_(std::move(options)), informers_(informers), clock_(clock) {}
  ~Core() { stop(); }

  Result<> start();
  void stop();
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] bool synced() const { return synced_; }

 private:
  Result<> listen();
  Result<> set_upstreams();
  void follow_resolv_conf();
  void on_service(const client::Notice& notice);
  void on_slice(const client::Notice& notice);
  void mark(const ServiceKey& key);
  void update();
  void update_service(const ServiceKey& key);
  void await_informers();

  const Options options_;
  client::InformerSource& informers_;
  const base::Clock& clock_;
  base::SystemRandom random_;
  std::unique_ptr<net::dns::Reactor> reactor_;
  std::unique_ptr<net::dns::Forwarder> forwarder_;
  std::unique_ptr<Resolver> resolver_;
  std::vector<std::unique_ptr<UdpListener>> udp_;
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  client::Informer* services_ = nullptr;
  client::Informer* slices_ = nullptr;
  std::string resolv_text_;
  uint16_t port_ = 0;
  std::atomic<bool> synced_{false};

  std::mutex mutex_;
  std::set<ServiceKey> dirty_;
  std::map<ServiceKey, std::set<client::ObjectKey>> slices_of_;

  std::unique_ptr<client::Subscription> service_subscription_;
  std::unique_ptr<client::Subscription> slice_subscription_;
  std::thread thread_;
};

Result<> DnsServer::Core::start() {
  reactor_ = TRY(net::dns::Reactor::make());
  forwarder_ = std::make_unique<net::dns::Forwarder>(*reactor_, clock_, random_);
  std::vector<net::netlink::Cidr> private_cidrs;
  for (const auto& text : options_.private_cidrs) private_cidrs.push_back(TRY(net::netlink::parse_cidr(text)));
  const auto domain = net::dns::name_from_text(options_.cluster_domain);
  if (!domain || domain->size() < 2)
    return fail(Code::kInvalidArgument, "cluster domain '" + options_.cluster_domain + "' is not a name");
  resolver_ = std::make_unique<Resolver>(options_.cluster_domain, std::move(private_cidrs), *forwarder_);
  TRY(set_upstreams());
  if (options_.own_addresses) TRY_CTX(change_addresses(options_.listen_addresses, true), "dns address");
  TRY(listen());
  if (options_.upstreams.empty()) reactor_->after(kResolvConfInterval, [this] { follow_resolv_conf(); });
  reactor_->on_wake([this] { update(); });
  reactor_->after(0ns, [this] { await_informers(); });

  services_ = &informers_.informer("services");
  slices_ = &informers_.informer("endpointslices.discovery.k8s.io");
  service_subscription_ = services_->subscribe([this](const client::Notice& n) { on_service(n); });
  slice_subscription_ = slices_->subscribe([this](const client::Notice& n) { on_slice(n); });
  thread_ = std::thread([this] {
    base::set_thread_name("dns");
    reactor_->run();
  });
  return {};
}

void DnsServer::Core::stop() {
  service_subscription_.reset();
  slice_subscription_.reset();
  if (thread_.joinable()) {
    reactor_->stop();
    thread_.join();
  }
  udp_.clear();
  tcp_.clear();
}

Result<> DnsServer::Core::listen() {
  const auto handler = [this](std::string_view packet, bool tcp, Reply reply) {
    resolver_->handle(packet, tcp, std::move(reply));
  };
  port_ = options_.port;
  for (const auto& text : options_.listen_addresses) {
    const std::string what = "dns on " + text + ':' + std::to_string(port_);
    auto address = TRY(address_of(text, port_));
    udp_.push_back(TRY_CTX(UdpListener::open(*reactor_, address, handler), what));
    if (port_ == 0) port_ = udp_.back()->port();
    address.sin_port = htons(port_);
    tcp_.push_back(TRY_CTX(TcpListener::open(*reactor_, address, handler), what));
  }
  return {};
}

Result<> DnsServer::Core::set_upstreams() {
  std::vector<std::string> names = options_.upstreams;
  if (names.empty()) {
    resolv_text_ = host_resolv_conf_text(options_.resolv_conf_path);
    for (auto& server : parse_resolv_conf(resolv_text_).nameservers)
      if (net::netlink::parse_ipv4(server)) names.push_back(server);  // IPv6 upstreams: not yet
  }
  std::vector<sockaddr_in> addresses;
  for (const auto& name : names) {
    const bool self = std::find(options_.listen_addresses.begin(), options_.listen_addresses.end(), name) !=
                      options_.listen_addresses.end();
    if (self && options_.upstreams.empty()) continue;  // the host asks us: asking it back would be a loop
    if (addresses.size() < kUpstreamsMax) addresses.push_back(TRY(address_of(name, 53)));
  }
  forwarder_->set_upstreams(std::move(addresses));
  return {};
}

void DnsServer::Core::follow_resolv_conf() {
  if (host_resolv_conf_text(options_.resolv_conf_path) != resolv_text_) {
    if (auto result = set_upstreams(); !result)
      options_.log.warn("dns upstreams not taken over", {{"error", result.error()}});
    options_.log.info("dns upstreams changed", {});
  }
  reactor_->after(kResolvConfInterval, [this] { follow_resolv_conf(); });
}

void DnsServer::Core::mark(const ServiceKey& key) {
  dirty_.insert(key);
  reactor_->wake();
}

void DnsServer::Core::on_service(const client::Notice& notice) {
  const std::lock_guard lock(mutex_);
  mark({notice.object->key.ns, notice.object->key.name});
}

void DnsServer::Core::on_slice(const client::Notice& notice) {
  const std::lock_guard lock(mutex_);
  const auto& key = notice.object->key;
  if (notice.old) {
    const ServiceKey before{key.ns, std::string(service_label(*notice.old))};
    slices_of_[before].erase(key);
    mark(before);
  }
  const ServiceKey service{key.ns, std::string(service_label(*notice.object))};
  auto& slices = slices_of_[service];
  if (notice.change == client::Change::kDeleted) {
    slices.erase(key);
  } else {
    slices.insert(key);
  }
  if (slices.empty()) slices_of_.erase(service);
  mark(service);
}

void DnsServer::Core::await_informers() {
  if (services_->revision() > 0 && slices_->revision() > 0) return update();
  reactor_->after(kInformerPoll, [this] { await_informers(); });
}

void DnsServer::Core::update() {
  for (size_t i = 0; i < kUpdatesPerRound; ++i) {
    std::unique_lock lock(mutex_);
    if (dirty_.empty()) {
      lock.unlock();
      if (!synced_ && services_->revision() > 0 && slices_->revision() > 0) {
        resolver_->set_ready();
        synced_ = true;
      }
      return;
    }
    const ServiceKey key = *dirty_.begin();
    dirty_.erase(dirty_.begin());
    lock.unlock();
    update_service(key);
  }
  reactor_->wake();
}

void DnsServer::Core::update_service(const ServiceKey& key) {
  const auto service = services_->get({.ns = key.ns, .name = key.name});
  if (!service) return resolver_->zone().set(key, {});
  const auto document = service->document();
  std::vector<json::Value> slices;
  if (json::string_at(document, {"spec", "clusterIP"}) == "None") {  // only headless services look at their endpoints
    std::set<client::ObjectKey> keys;
    {
      const std::lock_guard lock(mutex_);
      if (auto it = slices_of_.find(key); it != slices_of_.end()) keys = it->second;
    }
    for (const auto& slice_key : keys)
      if (const auto slice = slices_->get(slice_key)) slices.push_back(slice->document());
  }
  resolver_->zone().set(key, service_records(resolver_->zone().origin(), key, document, slices));
}

DnsServer::DnsServer(Options options, client::InformerSource& informers, const base::Clock& clock)
    : core_(std::make_unique<Core>(std::move(options), informers, clock)) {}
DnsServer::~DnsServer() = default;

Result<> DnsServer::start() { return core_->start(); }
void DnsServer::stop() { core_->stop(); }
uint16_t DnsServer::port() const { return core_->port(); }
bool DnsServer::synced() const { return core_->synced(); }

Result<> DnsServer::teardown() {
  stop();
  if (!core_->options().own_addresses) return {};
  return remove_addresses(core_->options().listen_addresses);
}

Result<> remove_addresses(const std::vector<std::string>& listen_addresses) {
  return change_addresses(listen_addresses, false);
}

}  // namespace appliance::orchestrator::dns
