// Capability sets by name, as pods write them ("NET_ADMIN", "CAP_NET_ADMIN", "ALL"). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace appliance::runtime::caps {

// CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL
// AUDIT_WRITE
uint64_t default_set();
uint64_t all();
std::optional<unsigned> number_of(std::string_view name);  // with or without CAP_, any case
std::string_view name_of(unsigned number);                 // "NET_ADMIN"; "" when unknown

struct Change {
  std::vector<std::string> add;
  std::vector<std::string> drop;
};
// Kubernetes' rule: ALL in add starts from everything, ALL in drop from nothing; then drops, then adds by name win.
// kInvalidArgument names the unknown one.
Result<uint64_t> apply(uint64_t base, const Change& change);

}  // namespace appliance::runtime::caps
