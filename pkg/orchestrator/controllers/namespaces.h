// Namespace life: an Active namespace has its ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`; a
// Terminating one is emptied, then finalized.
#pragma once

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

std::unique_ptr<Reconciler> make_namespace_controller(std::shared_ptr<const api::KindTable> kinds);
std::unique_ptr<Reconciler> make_service_account_controller();
std::unique_ptr<Reconciler> make_root_ca_controller(std::string ca_pem);

// What is missing before a namespace may go: conditions of its status, empty when nothing is left. Pure.
struct Remaining {
  std::string resource;
  size_t objects = 0;
  size_t with_finalizers = 0;
};
json::Array plan_namespace_conditions(const std::vector<Remaining>& remaining, const std::string& now);

}  // namespace appliance::orchestrator::controllers
