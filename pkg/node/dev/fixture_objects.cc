#include "node/dev/fixture_objects.h"

#include "node/dev/fixture_hostile.h"
#include "orchestrator/api/engine.h"
#include "orchestrator/api/object.h"

namespace appliance::node::dev {
namespace {

using base::WallTime;
using json::Array;
using json::Object;
using json::Value;

constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
constexpr int kNodePortFirst = 30'000;
constexpr int kNodePortEvery = 20;  // so that there are some, and the range is not used up

class Objects {
 public:
  Objects(const FixturePlan& plan, WallTime now, const EachObject& each) : plan_(plan), now_(now), each_(each) {}

  void make() { (void)(shared() && workloads() && pods()); }

 private:
  bool shared() const {
    for (size_t i = 1; i < plan_.namespaces.size(); ++i)
      if (!each_("namespaces", name_space(i))) return false;
    for (const auto& node : plan_.nodes)
      if (!each_("nodes", node_object(node))) return false;
    return true;
  }

  bool workloads() const {
    for (const auto& w : plan_.workloads) {
      if (!each_("deployments.apps", deployment(w)) ||
          !each_("replicasets.apps", replica_set(w, w.hash, w.replica_set_uid, w.replicas)))
        return false;
      if (!w.old_hash.empty() && !each_("replicasets.apps", replica_set(w, w.old_hash, w.old_replica_set_uid, 0)))
        return false;
      if (w.hostile && !each_("configmaps", hostile_map(w))) return false;
      if (w.service_uid.empty()) continue;
      if (!each_("services", service(w)) || !each_("endpointslices.discovery.k8s.io", slice(w))) return false;
    }
    return true;
  }

  bool pods() const {
    for (size_t i = 0; i < plan_.pods.size(); ++i) {
      const auto& pod = plan_.pods[i];
      if (!each_("pods", pod_object(plan_, pod, now_))) return false;
      if (!has_event(plan_, i)) continue;
      const auto age = std::chrono::seconds(std::min<int64_t>(pod.age_seconds, 3000));
      const auto last = std::chrono::seconds(std::min<int64_t>(age.count(), static_cast<int64_t>(i % 600)));
      if (!each_("events", pod_event(plan_, pod, pod.trouble == Trouble::kNone ? 1 : 17, now_ - age, now_ - last)))
        return false;
    }
    return true;
  }

  [[nodiscard]] std::string stamp(int64_t age_seconds) const {
    return base::format_rfc3339(now_ - std::chrono::seconds(age_seconds));
  }

  Value name_space(size_t i) const {
    return Object{{"apiVersion", "v1"},
                  {"kind", "Namespace"},
                  {"metadata", Object{{"name", plan_.namespaces[i]},
                                      {"uid", plan_.namespace_uids[i]},
                                      {"creationTimestamp", stamp(90 * 86400)},
                                      {"labels", Object{{"kubernetes.io/metadata.name", plan_.namespaces[i]}}}}},
                  {"spec", Object{{"finalizers", Array{"kubernetes"}}}},
                  {"status", Object{{"phase", "Active"}}}};
  }

  Value node_object(const PlannedNode& node) const {
    const int cores = node.cores;
    // What is asked for must fit: a laptop's fixture has more pods on a node than machines have.
    const auto most = std::max<size_t>(250, plan_.pods.size() / plan_.nodes.size() * 5 / 4 + 1);
    const Object room{{"cpu", std::to_string(cores)},
                      {"ephemeral-storage", "209715200Ki"},
                      {"memory", std::to_string(node.memory_gib) + "Gi"},
                      {"pods", std::to_string(most)}};
    Object labels{{"kubernetes.io/arch", "amd64"},
                  {"kubernetes.io/hostname", node.name},
                  {"kubernetes.io/os", "linux"},
                  {"topology.kubernetes.io/zone", "zone-" + std::string(1, static_cast<char>('a' + node.number % 3))}};
    if (node.number == 0) labels["node-role.kubernetes.io/control-plane"] = "";
    Object spec{{"podCIDR", network(node)}, {"podCIDRs", Array{network(node)}}};
    Array taints;
    if (node.cordoned) {
      spec["unschedulable"] = true;
      taints.push_back(Object{{"key", "node.kubernetes.io/unschedulable"}, {"effect", "NoSchedule"}});
    }
    if (!node.ready)
      for (const auto* effect : {"NoSchedule", "NoExecute"})
        taints.push_back(Object{{"key", "node.kubernetes.io/unreachable"}, {"effect", effect}});
    if (!taints.empty()) spec["taints"] = std::move(taints);
    return Object{
        {"apiVersion", "v1"},
        {"kind", "Node"},
        {"metadata", Object{{"name", node.name},
                            {"uid", node.uid},
                            {"creationTimestamp", stamp(node.age_seconds)},
                            {"labels", std::move(labels)}}},
        {"spec", std::move(spec)},
        {"status", Object{{"capacity", room},
                          {"allocatable", room},
                          {"conditions", node_conditions(node)},
                          {"addresses", Array{Object{{"type", "InternalIP"}, {"address", node_ip(node)}},
                                              Object{{"type", "Hostname"}, {"address", node.name}}}},
                          {"nodeInfo", Object{{"architecture", "amd64"},
                                              {"bootID", node.uid},
                                              {"containerRuntimeVersion", "appliance://0.1.0"},
                                              {"kernelVersion", "6.1.0-40-amd64"},
                                              {"kubeProxyVersion", ""},
                                              {"kubeletVersion", node.number % 7 == 6 ? "v1.32.4" : "v1.33.0"},
                                              {"machineID", node.uid},
                                              {"operatingSystem", "linux"},
                                              {"osImage", "Debian GNU/Linux 12 (bookworm)"},
                                              {"systemUUID", node.uid}}}}}};
  }

  static std::string network(const PlannedNode& node) {
    return "10." + std::to_string(100 + node.number / 16) + '.' + std::to_string(node.number % 16 * 16) + ".0/20";
  }

  Array node_conditions(const PlannedNode& node) const {
    const std::string seen = stamp(node.ready ? 5 : 1300);
    const auto one = [&](std::string_view type, std::string_view status, std::string_view reason,
                         std::string_view message) {
      return Object{{"type", type},
                    {"status", status},
                    {"lastHeartbeatTime", seen},
                    {"lastTransitionTime", stamp(node.ready ? node.age_seconds : 1260)},
                    {"reason", reason},
                    {"message", message}};
    };
    if (!node.ready) {
      constexpr std::string_view kMessage = "Kubelet stopped posting node status.";
      Array out;
      for (const auto* type : {"MemoryPressure", "DiskPressure", "PIDPressure", "Ready"})
        out.push_back(one(type, "Unknown", "NodeStatusUnknown", kMessage));
      return out;
    }
    return Array{
        one("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        one("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        one("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        one("Ready", "True", "KubeletReady", "kubelet is posting ready status")};
  }

  // Ready pods of a workload, as its Deployment counts them.
  [[nodiscard]] int ready(const PlannedWorkload& w) const {
    int out = 0;
    for (int i = 0; i < w.replicas; ++i) {
      const auto trouble = plan_.pods[w.first_pod + static_cast<size_t>(i)].trouble;
      if (trouble == Trouble::kNone || trouble == Trouble::kOutOfMemory) ++out;
    }
    return out;
  }

  static Object meta(const PlannedWorkload& w, std::string name, const std::string& uid, std::string created) {
    return {{"name", std::move(name)},
            {"namespace", w.ns},
            {"uid", uid},
            {"creationTimestamp", std::move(created)},
            {"labels", Object{{"app", w.name}, {"app.kubernetes.io/part-of", w.ns}}}};
  }

  static Object owner(std::string_view version, std::string_view kind, const std::string& name,
                      const std::string& uid) {
    return {{"apiVersion", version},     {"kind", kind}, {"name", name}, {"uid", uid}, {"controller", true},
            {"blockOwnerDeletion", true}};
  }

  Object template_of(const PlannedWorkload& w, const std::string& hash) const {
    Object labels{{"app", w.name}, {"app.kubernetes.io/part-of", w.ns}};
    if (!hash.empty()) labels["pod-template-hash"] = hash;
    auto spec = pod_template_spec(w);
    if (!hash.empty() && hash == w.old_hash)  // what the change was
      spec["containers"].as_array()[0].as_object()["image"] = w.image() + "-rc1";
    return {{"metadata", Object{{"labels", std::move(labels)}}}, {"spec", std::move(spec)}};
  }

  Object condition(const PlannedWorkload& w, std::string_view type, bool is, std::string_view reason,
                   const std::string& message) const {
    return {{"type", type},
            {"status", is ? "True" : "False"},
            {"lastUpdateTime", stamp(w.age_seconds / 2)},
            {"lastTransitionTime", stamp(w.age_seconds / 2)},
            {"reason", reason},
            {"message", message}};
  }

  Value deployment(const PlannedWorkload& w) const {
    auto metadata = meta(w, w.name, w.uid, stamp(w.age_seconds));
    metadata["generation"] = w.old_hash.empty() ? 1 : 2;
    Object notes{{kRevision, w.old_hash.empty() ? "1" : "2"}};
    if (w.hostile) notes["hostile.example.com/note"] = hostile_text(static_cast<size_t>(w.number));
    metadata["annotations"] = std::move(notes);
    const int good = ready(w);
    const bool available = good >= w.replicas - std::max(1, w.replicas / 4);
    Object status{
        {"observedGeneration", metadata["generation"]},
        {"replicas", w.replicas},
        {"updatedReplicas", w.replicas},
        {"conditions",
         Array{available
                   ? condition(w, "Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.")
                   : condition(w, "Available", false, "MinimumReplicasUnavailable",
                               "Deployment does not have minimum availability."),
               good == w.replicas ? condition(w, "Progressing", true, "NewReplicaSetAvailable",
                                              "ReplicaSet \"" + w.replica_set() + "\" has successfully progressed.")
                                  : condition(w, "Progressing", false, "ProgressDeadlineExceeded",
                                              "ReplicaSet \"" + w.replica_set() + "\" has timed out progressing.")}}};
    if (good > 0) {
      status["readyReplicas"] = good;
      status["availableReplicas"] = good;
    }
    if (good < w.replicas) status["unavailableReplicas"] = w.replicas - good;
    return Object{{"apiVersion", "apps/v1"},
                  {"kind", "Deployment"},
                  {"metadata", std::move(metadata)},
                  {"spec", Object{{"replicas", w.replicas},
                                  {"selector", Object{{"matchLabels", Object{{"app", w.name}}}}},
                                  {"template", template_of(w, "")}}},
                  {"status", std::move(status)}};
  }

  Value replica_set(const PlannedWorkload& w, const std::string& hash, const std::string& uid, int replicas) const {
    const bool old = hash == w.old_hash;
    auto metadata =
        meta(w, w.name + '-' + hash, uid, stamp(old || w.old_hash.empty() ? w.age_seconds : w.age_seconds / 2));
    metadata["generation"] = 1;
    metadata["labels"].as_object()["pod-template-hash"] = hash;
    metadata["annotations"] = Object{{kRevision, old || w.old_hash.empty() ? "1" : "2"},
                                     {"deployment.kubernetes.io/desired-replicas", std::to_string(w.replicas)},
                                     {"deployment.kubernetes.io/max-replicas", std::to_string(w.replicas + 1)}};
    metadata["ownerReferences"] = Array{owner("apps/v1", "Deployment", w.name, w.uid)};
    Object status{{"replicas", replicas}, {"observedGeneration", 1}};
    if (replicas > 0) {
      status["fullyLabeledReplicas"] = replicas;
      status["readyReplicas"] = ready(w);
      status["availableReplicas"] = ready(w);
    }
    return Object{
        {"apiVersion", "apps/v1"},
        {"kind", "ReplicaSet"},
        {"metadata", std::move(metadata)},
        {"spec", Object{{"replicas", replicas},
                        {"selector", Object{{"matchLabels", Object{{"app", w.name}, {"pod-template-hash", hash}}}}},
                        {"template", template_of(w, hash)}}},
        {"status", std::move(status)}};
  }

  Value service(const PlannedWorkload& w) const {
    Object port{{"name", "http"}, {"protocol", "TCP"}, {"port", 80}, {"targetPort", w.port()}};
    const bool outside = w.number % kNodePortEvery == 0 && w.number / kNodePortEvery < 2000;
    if (outside) port["nodePort"] = kNodePortFirst + w.number / kNodePortEvery;
    const std::string ip = "10.43." + std::to_string(1 + w.number / 250) + '.' + std::to_string(w.number % 250 + 1);
    Object spec{{"type", outside ? "NodePort" : "ClusterIP"},
                {"clusterIP", ip},
                {"clusterIPs", Array{ip}},
                {"ports", Array{std::move(port)}},
                {"selector", Object{{"app", w.name}}}};
    return Object{{"apiVersion", "v1"},
                  {"kind", "Service"},
                  {"metadata", meta(w, w.name, w.service_uid, stamp(w.age_seconds))},
                  {"spec", std::move(spec)},
                  {"status", Object{{"loadBalancer", Object{}}}}};
  }

  Value slice(const PlannedWorkload& w) const {
    auto metadata = meta(w, w.name + "-" + w.hash.substr(0, 5), w.slice_uid, stamp(w.age_seconds));
    metadata["labels"].as_object()["kubernetes.io/service-name"] = w.name;
    metadata["labels"].as_object()["endpointslice.kubernetes.io/managed-by"] = "fixture";
    metadata["generation"] = 1;
    metadata["ownerReferences"] = Array{owner("v1", "Service", w.name, w.service_uid)};
    Array endpoints;
    for (int i = 0; i < w.replicas; ++i) {
      const auto& pod = plan_.pods[w.first_pod + static_cast<size_t>(i)];
      if (pod.node < 0 || pod.trouble == Trouble::kImagePull) continue;
      const bool good = pod.trouble == Trouble::kNone || pod.trouble == Trouble::kOutOfMemory;
      endpoints.push_back(
          Object{{"addresses", Array{pod_ip(plan_, pod)}},
                 {"conditions", Object{{"ready", good}, {"serving", good}, {"terminating", false}}},
                 {"nodeName", plan_.nodes[static_cast<size_t>(pod.node)].name},
                 {"targetRef", Object{{"kind", "Pod"}, {"namespace", w.ns}, {"name", pod.name}, {"uid", pod.uid}}}});
    }
    return Object{{"apiVersion", "discovery.k8s.io/v1"},
                  {"kind", "EndpointSlice"},
                  {"metadata", std::move(metadata)},
                  {"addressType", "IPv4"},
                  {"endpoints", std::move(endpoints)},
                  {"ports", Array{Object{{"name", "http"}, {"port", w.port()}, {"protocol", "TCP"}}}}};
  }

  Value hostile_map(const PlannedWorkload& w) const {
    Object data;
    for (size_t i = 0; i < hostile_texts().size(); ++i) data["text-" + std::to_string(i)] = hostile_text(i);
    data["long"] = long_text(kHostileValueBytes);
    data["__proto__"] = "own";
    return Object{{"apiVersion", "v1"},
                  {"kind", "ConfigMap"},
                  {"metadata", meta(w, w.name + "-hostile", "c0000000" + w.uid.substr(8), stamp(w.age_seconds))},
                  {"data", std::move(data)}};
  }

  const FixturePlan& plan_;
  const WallTime now_;
  const EachObject& each_;
};

}  // namespace

std::string stored_object(const orchestrator::api::Kind& kind, Value object) {
  orchestrator::api::set_defaults(kind, object);
  return orchestrator::api::stored_bytes(object);
}

void each_object(const FixturePlan& plan, WallTime now, const EachObject& each) { Objects(plan, now, each).make(); }

}  // namespace appliance::node::dev
