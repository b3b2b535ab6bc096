#include "node/join/certificates.h"

#include <algorithm>
#include <utility>

#include "base/crypto/x509.h"
#include "base/executor.h"
#include "base/fs.h"
#include "node/join/join.h"
#include "orchestrator/api/joining.h"

namespace appliance::node {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUnregisteredPause{50};  // doubles up to kRetry
constexpr milliseconds kRetry{5000};
constexpr std::chrono::minutes kLook{10};
constexpr std::chrono::seconds kIssueDeadline{30};

}  // namespace

bool is_due(const std::string& pem, const std::string& ip_address, base::WallTime now) {
  const auto facts = crypto::parse_certificate(pem);
  if (!facts || facts->not_after - now < (facts->not_after - facts->not_before) / 3) return true;
  return !ip_address.empty() && std::ranges::find(facts->ip_addresses, ip_address) == facts->ip_addresses.end();
}

void NodeCertificates::start() {
  thread_ = std::thread([this] { run(); });
}

void NodeCertificates::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  issue_.call_off();
  if (thread_.joinable()) thread_.join();
}

bool NodeCertificates::wait(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [&] { return stopping_; });
}

void NodeCertificates::run() {
  base::set_thread_name("certificates");
  bool told = false;
  auto pause = milliseconds(0);
  auto unregistered = kUnregisteredPause;
  while (wait(pause)) {
    // What is on disk serves at once, also while the API cannot be asked.
    const auto keys = read_node_keys(deps_.config);
    if (!served_ && keys && !keys->kubelet_pem.empty()) served_ = deps_.serve(*keys).has_value();
    if (!deps_.registered()) {
      pause = std::exchange(unregistered, std::min(unregistered * 2, kRetry));  // the API may be away for long
      continue;
    }
    const auto done = refresh();
    if (!done && done.error().code == Code::kCancelled) return;
    if (!done && !told) deps_.log.warn("certificates of this node, trying again", {{"error", done.error()}});
    told = !done;
    pause = done && served_ ? std::chrono::duration_cast<milliseconds>(kLook) : kRetry;
  }
}

Result<> NodeCertificates::refresh() {
  const auto& config = deps_.config;
  auto keys = TRY(read_node_keys(config));
  if (is_due(keys.node_pem, {}, deps_.clock.now())) {
    keys.node_pem = TRY(request_certificate(
        deps_.client, {.signer = std::string(orchestrator::api::kSignerNodeClient), .node_name = config.node_name},
        keys.node_key_pem, kIssueDeadline, issue_));
    TRY(base::write_file_atomic(config.pki_dir() + "/node.crt", keys.node_pem));
    deps_.identify(keys);
    deps_.log.info("the node's client certificate was renewed");
  }
  if (!is_due(keys.kubelet_pem, config.node_ip, deps_.clock.now())) return {};
  if (keys.kubelet_key_pem.empty()) {
    keys.kubelet_key_pem = TRY(crypto::generate_key());
    TRY(base::write_file_atomic(config.pki_dir() + "/kubelet.key", keys.kubelet_key_pem, 0600));
  }
  keys.kubelet_pem = TRY(request_certificate(deps_.client,
                                             {.signer = std::string(orchestrator::api::kSignerNodeServing),
                                              .node_name = config.node_name,
                                              .ip_addresses = {config.node_ip},
                                              .dns_names = {config.node_name}},
                                             keys.kubelet_key_pem, kIssueDeadline, issue_));
  TRY(base::write_file_atomic(config.pki_dir() + "/kubelet.crt", keys.kubelet_pem));
  TRY(deps_.serve(keys));
  served_ = true;
  deps_.log.info("the kubelet API serves", {{"port", config.kubelet_port}});
  return {};
}

}  // namespace appliance::node
