// What `dev fixture` shows: a cluster of synthetic objects, decided before one of them is made. Pure, and the same for
// the same options: names, uids, ages and troubles come from the seed.
//
//   const FixturePlan plan = TRY(plan_fixture({.pods = 10000}));
//   each_object(plan, now, [&](std::string_view resource, json::Value object) { … });     // fixture_objects.h
//
// The plan is small (~200 bytes a pod) so that 100,000 pods need no 100,000 documents at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace appliance::node::dev {

inline constexpr int kFixturePodsMax = 100'000;       // the largest cluster that Kubernetes itself promises has 150,000
inline constexpr int kFixtureNodesMax = 2'000;        // their networks are 10.100.0.0/20 and on: up to 10.224
inline constexpr int kFixtureNamespacesMax = 1'000;   // more than any list is scrolled through
inline constexpr int kFixturePodsPerNodeMax = 4'000;  // addresses of a /20
inline constexpr int kFixtureRateMax = 5'000;         // updates a second; what two cores can write
inline constexpr int kFixtureLogRateMax = 100'000;    // lines a second of one follower

struct FixtureOptions {
  int pods = 1000;
  int nodes = 0;  // 0: 20, and more when there are more than 500 pods for each
  int namespaces = 6;
  uint64_t seed = 1;
  bool hostile = false;  // also objects and logs full of what breaks pages
};

// What is wrong with a pod; it stays so, whatever the updates do.
enum class Trouble : unsigned char {
  kNone,
  kCrashLoop,      // ends with 1 again and again
  kOutOfMemory,    // is killed for its memory, and runs again
  kImagePull,      // its image is not there
  kUnschedulable,  // fits on no node
  kNotReady,       // runs, but its readiness probe fails
};
std::string_view trouble_name(Trouble trouble);  // "crash-loop"; "" for none

struct PlannedNode {
  std::string name;
  std::string uid;
  int number = 0;
  int cores = 8;
  int memory_gib = 32;
  bool ready = true;
  bool cordoned = false;
  int64_t age_seconds = 0;
};

struct PlannedWorkload {  // a Deployment with its ReplicaSet, and what stands before it
  std::string ns;
  std::string name;
  std::string uid;
  std::string hash;  // of the pod template
  std::string replica_set_uid;
  std::string old_hash;  // "" when it was never changed
  std::string old_replica_set_uid;
  std::string service_uid;  // "" when it has no Service
  std::string slice_uid;
  int number = 0;
  int replicas = 0;
  size_t first_pod = 0;  // its pods are `replicas` from here
  int cpu_millis = 100;
  int memory_mib = 128;
  bool sidecar = false;
  bool init = false;
  Trouble trouble = Trouble::kNone;  // of some of its pods
  bool hostile = false;
  int64_t age_seconds = 0;

  [[nodiscard]] std::string replica_set() const { return name + '-' + hash; }
  [[nodiscard]] std::string image() const;
  [[nodiscard]] int port() const { return 8080 + number % 10; }
};

struct PlannedPod {
  std::string name;
  std::string uid;
  uint32_t workload = 0;
  int32_t node = -1;  // -1: none
  uint16_t slot = 0;  // of the node's network
  uint16_t restarts = 0;
  Trouble trouble = Trouble::kNone;
  uint32_t age_seconds = 0;
};

struct FixturePlan {
  FixtureOptions options;
  std::vector<std::string> namespaces;  // the first is `default`
  std::vector<std::string> namespace_uids;
  std::vector<PlannedNode> nodes;
  std::vector<PlannedWorkload> workloads;
  std::vector<PlannedPod> pods;

  [[nodiscard]] const PlannedWorkload& workload_of(const PlannedPod& pod) const { return workloads[pod.workload]; }
};

// kInvalidArgument names the option and its limits; of the second too.
Result<> check_fixture(const FixtureOptions& options);
Result<FixturePlan> plan_fixture(const FixtureOptions& options);

// What ReplicaSets name their pods: NAME-HASH-xxxxx.
std::string pod_name(const PlannedWorkload& workload, base::Random& random);

}  // namespace appliance::node::dev
