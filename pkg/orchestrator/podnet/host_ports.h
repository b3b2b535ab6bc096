// The host port elements that the kernel has, and how they become those that pods want. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "net/nft/nft.h"
#include "orchestrator/podnet/rules.h"

namespace appliance::orchestrator::podnet {

class HostPortTable {
 public:
  static Result<HostPortTable> load();  // from the kernel; the table must exist
  // The ports of this pod are now these. A port that another pod has goes over to this one: the scheduler decides, and
  // the other is on its way out. UDP flows that the change makes wrong are cut (k8s#66651).
  Result<> set(net::netlink::Ipv4 pod, const std::vector<HostPort>& ports);
  // Into a table that was made anew: somebody emptied the machine's rules.
  Result<> restore() const;

 private:
  using Elements = std::map<std::string, std::string>;  // key -> data
  std::map<std::string, Elements> maps_;                // by name
};

}  // namespace appliance::orchestrator::podnet
