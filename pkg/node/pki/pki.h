// The cluster's keys and certificates under <data-dir>/pki: made at the first `up`, kept after. Keys are 0600,
// certificates 0644. Serving and client certificates are renewed at start when less than a third of their life is left,
// or when the names they must carry changed.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace appliance::node {

struct Pki {
  std::string ca_pem;
  std::string ca_key_pem;  // "" in what read_admin() returns
  std::string server_pem;
  std::string server_key_pem;
  std::string admin_pem;
  std::string admin_key_pem;
  std::string kubelet_pem;  // the kubelet API of this machine
  std::string kubelet_key_pem;
  std::string kubelet_client_pem;  // the API server, to the kubelets of all machines
  std::string kubelet_client_key_pem;
  std::string service_account_key_pem;  // signs service-account tokens
};

struct PkiNames {
  std::string node_name;
  std::string node_ip;
  std::string api_service_ip;  // first address of the service network
  std::string cluster_domain;
  std::vector<std::string> more;  // --tls-san
};

// Loads what is there and makes what is missing. kDataLoss when a key does not fit its certificate (hint: what to
// remove).
Result<Pki> open_pki(const std::string& dir, const PkiNames& names, const base::Clock& clock);
// Only what a client of this machine needs. kNotFound when the cluster was never started here.
Result<Pki> read_admin(const std::string& dir);

}  // namespace appliance::node
