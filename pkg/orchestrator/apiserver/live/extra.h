// What a ROW holds beside the cells, by kind: the field "x" of the dashboard's stream. What is empty, zero or false is
// left out, unless it says otherwise here. Pure; no value of a Secret or ConfigMap is ever in it.
//
//   kind            field         is
//   pods            phase         Pending Running Succeeded Failed Unknown
//                   node          where it is bound to
//                   ip hostIP     its address; its node's
//                   containers    [name…], init                 names of containers; of init containers (sidecars too)
//                   restarts      of all containers together
//                   ready         [ready, all], always there
//                   cpu mem       what it requests: thousandths of a core, bytes
//                   qos           Guaranteed Burstable BestEffort
//                   last          why a container ended the last time: "OOMKilled", "Error 1", "Completed 0"
//   nodes           cpu mem pods  allocatable: thousandths of a core, bytes, number
//                   unschedulable, ready (always there)
//                   cidr ip version   podCIDR, InternalIP, of the kubelet
//   deployments     replicas ready available updated   wanted, and of the status; always there
//   replicasets     revision      the annotation deployment.kubernetes.io/revision, a number
//   statefulsets    images        [image…] of the containers
//   daemonsets      paused        true
//                   selector      {label: value} of matchLabels
//   services        type clusterIP selector
//                   ports         [{name,port,targetPort,nodePort,protocol}], targetPort a number or a name
//   endpointslices  service       its Service's name
//                   endpoints     [{ip,ready,pod,node}…], at most kEndpointsMax; ready is always there
//                   ports         [{name,port,protocol}]
//   events          type reason count       count is at least 1
//                   kind ns name uid field  of the object that it is about; `field` as "spec.containers{web}"
//   secrets         type keys     the names alone
//   configmaps      keys          the names alone
//   namespaces      phase         Active Terminating
//   leases          holder renew  who, and when it was renewed, in Unix seconds
#pragma once

#include "orchestrator/api/object.h"

namespace appliance::orchestrator::apiserver::live {

inline constexpr size_t kEndpointsMax = 1000;  // what an EndpointSlice holds
inline constexpr size_t kKeysMax = 200;        // names of a Secret's or ConfigMap's data

// `document` is the stored one: without kind and apiVersion.
void add_extra(const api::Object& object, const json::Value& document, json::Object& out);

}  // namespace appliance::orchestrator::apiserver::live
