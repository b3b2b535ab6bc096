#include "orchestrator/proxy/proxy.h"

#include <algorithm>

#include "base/executor.h"

namespace appliance::orchestrator::proxy {
namespace {

using namespace std::chrono_literals;

constexpr auto kCheckInterval = 5s;  // does the table still look as we left it? Somebody may flush the ruleset
constexpr auto kRetryMin = 100ms;
constexpr auto kRetryMax = 10s;
constexpr auto kInformerPoll = 20ms;  // until the first list is in; then only notices wake us

std::string_view service_name(const api::Object& slice) {
  for (const auto& [key, value] : slice.meta.labels)
    if (key == "kubernetes.io/service-name") return value;
  return {};
}

}  // namespace

Proxy::Proxy(Options options, client::InformerSource& informers, const base::Clock&)
    : options_(std::move(options)), informers_(informers) {}

Proxy::~Proxy() { stop(); }

Result<> Proxy::start() {
  const auto cluster = TRY(net::netlink::parse_cidr(options_.cluster_cidr));
  const auto service = TRY(net::netlink::parse_cidr(options_.service_cidr));
  kernel_ = std::make_unique<Kernel>(cluster, service);
  TRY_CTX(kernel_->prepare(), "service proxy");
  services_ = &informers_.informer("services");
  slices_ = &informers_.informer("endpointslices.discovery.k8s.io");
  service_subscription_ = services_->subscribe([this](const client::Notice& n) { on_service(n); });
  slice_subscription_ = slices_->subscribe([this](const client::Notice& n) { on_slice(n); });
  thread_ = std::thread([this] { run(); });
  return {};
}

void Proxy::stop() {
  service_subscription_.reset();
  slice_subscription_.reset();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<> Proxy::teardown() {
  stop();
  return remove_all();
}

Result<> remove_all() { return TRY(net::nft::Nft::open()).delete_table(kTable); }

bool Proxy::synced() const {
  const std::lock_guard lock(mutex_);
  return synced_;
}

void Proxy::mark(const Key& service) {
  dirty_.insert(service);
  wake_.notify_all();
}

void Proxy::on_service(const client::Notice& notice) {
  const std::lock_guard lock(mutex_);
  mark(notice.object->key);
}

void Proxy::on_slice(const client::Notice& notice) {
  const std::lock_guard lock(mutex_);
  const auto& key = notice.object->key;
  if (notice.old) {
    const Key before{.ns = key.ns, .name = std::string(service_name(*notice.old))};
    slices_of_[before].erase(key);
    mark(before);
  }
  const Key service{.ns = key.ns, .name = std::string(service_name(*notice.object))};
  auto& slices = slices_of_[service];
  if (notice.change == client::Change::kDeleted) {
    slices.erase(key);
  } else {
    slices.insert(key);
  }
  if (slices.empty()) slices_of_.erase(service);
  mark(service);
}

// Before the first lists are in, an adopted table must not be compared with nothing.
bool Proxy::informers_ready() { return services_->revision() > 0 && slices_->revision() > 0; }

void Proxy::run() {
  base::set_thread_name("proxy");
  auto retry = std::chrono::milliseconds(0);
  std::unique_lock lock(mutex_);
  while (!stopping_ && !informers_ready()) wake_.wait_for(lock, kInformerPoll, [&] { return stopping_; });
  while (!stopping_) {
    if (retry > 0ms) {
      wake_.wait_for(lock, retry, [&] { return stopping_; });
    } else if (dirty_.empty() && !full_) {
      wake_.wait_for(lock, kCheckInterval, [&] { return stopping_ || full_ || !dirty_.empty(); });
    }
    if (stopping_) return;
    std::set<Key> keys;
    keys.swap(dirty_);
    const bool full = std::exchange(full_, false);
    lock.unlock();

    // The generation to expect is counted, not read back: a foreign change between commit and reading would pass
    // unseen.
    const auto before = kernel_->generation();
    const uint32_t commits = kernel_->commits();
    const bool foreign = !before || *before != generation_;
    auto result = full || foreign ? sync_all() : sync_some(keys);
    generation_ = before.value_or(0) + kernel_->commits() - commits;

    lock.lock();
    if (result) {
      retry = 0ms;
      synced_ = true;
      continue;
    }
    options_.log.warn("services not programmed, trying again", {{"error", result.error()}});
    full_ = true;
    retry = std::clamp<std::chrono::milliseconds>(retry * 2, kRetryMin, kRetryMax);
  }
}

// The view may be ahead of the notices that fill the index: a full comparison must not take their absence for services
// without endpoints, or each restart would refuse connections for some milliseconds. What is too much here, a notice on
// its way takes out again.
void Proxy::index_slices() {
  const auto slices = slices_->list();
  const std::lock_guard lock(mutex_);
  for (const auto& slice : slices)
    slices_of_[{.ns = slice->key.ns, .name = std::string(service_name(*slice))}].insert(slice->key);
}

ServicePlan Proxy::plan_for(const Key& service) {
  const auto object = services_->get(service);
  if (!object) return {};
  std::set<Key> slices;
  {
    const std::lock_guard lock(mutex_);
    if (auto it = slices_of_.find(service); it != slices_of_.end()) slices = it->second;
  }
  std::vector<PortEndpoints> endpoints;
  for (const auto& key : slices)
    if (const auto slice = slices_->get(key)) read_slice(slice->document(), options_.node_name, endpoints);
  return plan_service(read_service(object->document()), endpoints);
}

Result<> Proxy::sync_some(const std::set<Key>& keys) {
  Changes changes;
  std::set<ChainSpec> chains;
  std::map<Key, ServicePlan> next;
  std::vector<UdpFrontend> udp_before;
  std::vector<UdpFrontend> udp_after;
  for (const auto& key : keys) {
    auto plan = plan_for(key);
    const auto& old = plans_[key];
    merge(changes, difference(old.state, plan.state));
    chains.insert(plan.chains.begin(), plan.chains.end());
    if (old.udp != plan.udp) {
      udp_before.insert(udp_before.end(), old.udp.begin(), old.udp.end());
      udp_after.insert(udp_after.end(), plan.udp.begin(), plan.udp.end());
    }
    next.emplace(key, std::move(plan));
  }
  TRY(kernel_->apply(chains, changes));
  for (auto& [key, plan] : next) {
    if (plan.state.empty()) {
      plans_.erase(key);
    } else {
      plans_[key] = std::move(plan);
    }
  }
  clean_flows(udp_before, udp_after);
  return {};
}

Result<> Proxy::sync_all() {
  std::map<Key, ServicePlan> next;
  State want;
  std::set<ChainSpec> chains;
  index_slices();
  for (const auto& object : services_->list()) {
    auto plan = plan_for(object->key);
    merge(want, plan.state);
    chains.insert(plan.chains.begin(), plan.chains.end());
    if (!plan.state.empty()) next.emplace(object->key, std::move(plan));
  }
  TRY(kernel_->prepare());
  const auto have = TRY(kernel_->read());
  TRY(kernel_->apply(chains, difference(have, want)));
  const auto before = all_udp();
  plans_ = std::move(next);
  clean_flows(before, all_udp());
  return {};
}

std::vector<UdpFrontend> Proxy::all_udp() const {
  std::vector<UdpFrontend> out;
  for (const auto& [key, plan] : plans_) out.insert(out.end(), plan.udp.begin(), plan.udp.end());
  return out;
}

void Proxy::clean_flows(const std::vector<UdpFrontend>& before, const std::vector<UdpFrontend>& after) {
  if (before.empty() && after.empty()) return;
  auto result = clean_udp_flows(all_udp(), before);
  if (!result) options_.log.warn("old UDP flows not removed, the next change tries again", {{"error", result.error()}});
}

}  // namespace appliance::orchestrator::proxy
