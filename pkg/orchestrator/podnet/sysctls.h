// The host's sysctls that pods need, with what was there before written to disk before the change, so that teardown()
// puts the machine back as it was. The file: the boot id on the first line (a reboot resets sysctls: an older record is
// void), then one `net.ipv4.ip_forward=0` per line. Keys are those of this thread's network namespace.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace appliance::orchestrator::podnet {

Result<std::string> read_sysctl(const std::string& key);  // "net.ipv4.ip_forward"; kNotFound on kernels without it
Result<> write_sysctl(const std::string& key, const std::string& value);

class RecordedSysctls {
 public:
  explicit RecordedSysctls(std::string path) : path_(std::move(path)) {}
  // Sets the value; what was there is recorded, unless an earlier run did so in this boot. An absent key is skipped.
  Result<> set(const std::string& key, const std::string& value);
  // Puts everything back, newest change first, and removes the record. The first error is returned, the rest is still
  // tried.
  Result<> restore();

 private:
  using Entries = std::vector<std::pair<std::string, std::string>>;
  Result<Entries> load() const;
  Result<> save(const Entries& entries) const;
  std::string path_;
};

}  // namespace appliance::orchestrator::podnet
