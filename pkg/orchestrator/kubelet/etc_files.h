// The files of /etc that a pod gets: hosts, hostname. resolv.conf is dns/pod_resolv.h. Pure texts.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/kubelet/spec.h"

namespace appliance::orchestrator::kubelet {

// Kubernetes-managed hosts file; with hostNetwork a copy of the host's with hostAliases behind it.
std::string hosts_file(const PodSpec& pod, std::string_view pod_ip, std::string_view host_hosts,
                       std::string_view cluster_domain);

}  // namespace appliance::orchestrator::kubelet
