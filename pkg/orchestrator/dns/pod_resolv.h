// The resolv.conf of a pod, from its dnsPolicy and dnsConfig ("DNS for Services and Pods", kubelet's dns.go). Pure.
//
//   auto text = dns::pod_resolv_conf(pod_document["spec"], "default",
//                                    {.cluster_dns = "10.43.0.10", .cluster_domain = "cluster.local",
//                                    .host_resolv_conf_text = host});
//
// `pod_spec` is the pod's spec (dnsPolicy, dnsConfig, hostNetwork are read). The order of search domains is: cluster
// ones, the host's, dnsConfig's; duplicates go, the first stays. Limits are those of the kubelet: 3 nameservers, 32
// search domains of 2048 characters together; what is over is cut.
#pragma once

#include <string>
#include <string_view>

#include "base/json/json.h"

namespace appliance::orchestrator::dns {

struct PodResolvOptions {
  std::string cluster_dns;            // "" = no cluster DNS: ClusterFirst falls back to Default
  std::string cluster_domain;         // "cluster.local"
  std::string host_resolv_conf_text;  // of host_resolv_conf(), resolv_conf.h: never a loopback stub
};

std::string pod_resolv_conf(const json::Value& pod_spec, std::string_view ns, const PodResolvOptions& options);

// The text of the resolv.conf that names this machine's real upstreams: `path` itself, or systemd-resolved's and
// NetworkManager's own lists when it names only loopback stubs (127.0.0.53). "" when there is none. Blocking.
std::string host_resolv_conf_text(const std::string& path = "/etc/resolv.conf");

}  // namespace appliance::orchestrator::dns
