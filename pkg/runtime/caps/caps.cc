#include "runtime/caps/caps.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace appliance::runtime::caps {
namespace {

// By number: linux/capability.h.
constexpr std::array<std::string_view, 41> kNames = {"CHOWN",
                                                     "DAC_OVERRIDE",
                                                     "DAC_READ_SEARCH",
                                                     "FOWNER",
                                                     "FSETID",
                                                     "KILL",
                                                     "SETGID",
                                                     "SETUID",
                                                     "SETPCAP",
                                                     "LINUX_IMMUTABLE",
                                                     "NET_BIND_SERVICE",
                                                     "NET_BROADCAST",
                                                     "NET_ADMIN",
                                                     "NET_RAW",
                                                     "IPC_LOCK",
                                                     "IPC_OWNER",
                                                     "SYS_MODULE",
                                                     "SYS_RAWIO",
                                                     "SYS_CHROOT",
                                                     "SYS_PTRACE",
                                                     "SYS_PACCT",
                                                     "SYS_ADMIN",
                                                     "SYS_BOOT",
                                                     "SYS_NICE",
                                                     "SYS_RESOURCE",
                                                     "SYS_TIME",
                                                     "SYS_TTY_CONFIG",
                                                     "MKNOD",
                                                     "LEASE",
                                                     "AUDIT_WRITE",
                                                     "AUDIT_CONTROL",
                                                     "SETFCAP",
                                                     "MAC_OVERRIDE",
                                                     "MAC_ADMIN",
                                                     "SYSLOG",
                                                     "WAKE_ALARM",
                                                     "BLOCK_SUSPEND",
                                                     "AUDIT_READ",
                                                     "PERFMON",
                                                     "BPF",
                                                     "CHECKPOINT_RESTORE"};

constexpr std::array<std::string_view, 14> kDefault = {
    "CHOWN",  "DAC_OVERRIDE", "FSETID",  "FOWNER",           "MKNOD",      "NET_RAW", "SETGID",
    "SETUID", "SETFCAP",      "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL",    "AUDIT_WRITE"};

bool is_all(const std::string& name) {
  const std::string lower = base::to_lower(name);
  return lower == "all" || lower == "cap_all";
}

Result<uint64_t> bits_of(const std::vector<std::string>& names) {
  uint64_t bits = 0;
  for (const auto& name : names) {
    if (is_all(name)) continue;
    const auto number = number_of(name);
    if (!number) return fail(Code::kInvalidArgument, "unknown capability " + name);
    bits |= 1ULL << *number;
  }
  return bits;
}

}  // namespace

uint64_t default_set() {
  uint64_t bits = 0;
  for (const auto name : kDefault) bits |= 1ULL << *number_of(name);
  return bits;
}

uint64_t all() { return (1ULL << kNames.size()) - 1; }

std::optional<unsigned> number_of(std::string_view name) {
  std::string lower = base::to_lower(name);
  if (lower.starts_with("cap_")) lower.erase(0, 4);
  for (unsigned i = 0; i < kNames.size(); ++i) {
    if (base::to_lower(kNames[i]) == lower) return i;
  }
  return std::nullopt;
}

std::string_view name_of(unsigned number) { return number < kNames.size() ? kNames[number] : std::string_view(); }

Result<uint64_t> apply(uint64_t base, const Change& change) {
  const uint64_t add = TRY(bits_of(change.add));
  const uint64_t drop = TRY(bits_of(change.drop));
  uint64_t set = base;
  if (std::ranges::any_of(change.add, is_all)) set = all();
  if (std::ranges::any_of(change.drop, is_all)) set = 0;
  return (set & ~drop) | add;
}

}  // namespace appliance::runtime::caps
