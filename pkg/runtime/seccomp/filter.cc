#include "runtime/seccomp/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "runtime/caps/caps.h"
#include "runtime/seccomp/profile.h"

namespace appliance::runtime::seccomp {
namespace {

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kRefuse = SECCOMP_RET_ERRNO | 1;    // EPERM
constexpr uint32_t kUnknown = SECCOMP_RET_ERRNO | 38;  // ENOSYS
constexpr uint32_t kNamespaceFlags = 0x7e020000;       // CLONE_NEWNS … CLONE_NEWNET
constexpr size_t kProgramMax = 4096;                   // BPF_MAXINSNS

// What a system call leads to: a constant answer, or a look at its first argument.
enum class Rule : unsigned char { kRefused, kAllowed, kNoSys, kClone, kSocket, kPersonality };

using Program = std::vector<sock_filter>;

sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
sock_filter answer(uint32_t value) { return BPF_STMT(BPF_RET | BPF_K, value); }
// Goes on with the next instruction when true, else skips `past`.
sock_filter unless_equal(uint32_t value, uint8_t past) { return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, past); }

constexpr size_t kArg0 = offsetof(seccomp_data, args);  // the low word: little endian
constexpr size_t kArg0High = kArg0 + 4;

void append(Program& to, const Program& part) { to.insert(to.end(), part.begin(), part.end()); }

Program body_of(Rule rule) {
  switch (rule) {
    case Rule::kAllowed:
      return {answer(kAllow)};
    case Rule::kRefused:
      return {answer(kRefuse)};
    case Rule::kNoSys:
      return {answer(kUnknown)};
    case Rule::kClone:
      return {load(kArg0), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNamespaceFlags, 0, 1), answer(kRefuse),
              answer(kAllow)};
    case Rule::kSocket:  // the low word alone, as the kernel reads it
      return {load(kArg0),     unless_equal(AF_ALG, 1), answer(kRefuse), unless_equal(AF_VSOCK, 1),
              answer(kRefuse), answer(kAllow)};
    case Rule::kPersonality: {
      Program out = {load(kArg0High), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), answer(kRefuse), load(kArg0)};
      for (const uint32_t value : {0U, 8U, 0x20000U, 0x20008U, 0xffffffffU})
        append(out, {unless_equal(value, 1), answer(kAllow)});
      out.push_back(answer(kRefuse));
      return out;
    }
  }
  return {answer(kRefuse)};
}

struct Range {
  uint32_t first;
  Rule rule;
};

// A balanced tree over ranges sorted by `first`; the last one is open-ended. The number is in the accumulator.
Program tree(const std::vector<Range>& ranges, size_t from, size_t to) {
  if (to - from == 1) return body_of(ranges[from].rule);
  const size_t middle = from + (to - from) / 2;
  const Program left = tree(ranges, from, middle);
  Program out = {BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, 0, 1),
                 BPF_STMT(BPF_JMP | BPF_JA, static_cast<uint32_t>(left.size()))};
  append(out, left);
  append(out, tree(ranges, middle, to));
  return out;
}

int number_of(uint32_t arch, std::string_view name) {
  for (const auto& known : numbers_since_2021()) {
    if (known.name == name) return known.number;
  }
  return seccomp_syscall_resolve_name_arch(arch, std::string(name).c_str());
}

std::map<uint32_t, Rule> rules_of(uint32_t arch, uint64_t caps) {
  std::map<uint32_t, Rule> out;
  const auto set = [&](std::string_view name, Rule rule) {
    const int number = number_of(arch, name);
    if (number >= 0) out[static_cast<uint32_t>(number)] = rule;  // negative: not on this architecture
  };
  const auto has = [&](std::string_view capability) {
    const auto number = caps::number_of(capability);
    return number && (caps >> *number & 1U) != 0;
  };
  set("clone", Rule::kClone);
  set("clone3", Rule::kNoSys);
  set("socket", Rule::kSocket);
  set("personality", Rule::kPersonality);
  for (const auto name : always_allowed()) set(name, Rule::kAllowed);
  for (const auto& [capability, calls] : allowed_with_capability()) {
    if (!has(capability)) continue;
    for (const auto name : calls) set(name, Rule::kAllowed);
  }
  return out;
}

Program program_of(uint32_t arch, uint64_t caps) {
  std::vector<Range> ranges = {{0, Rule::kRefused}};
  const auto put = [&](uint32_t first, Rule rule) {
    if (ranges.back().first == first) {
      ranges.back().rule = rule;
    } else if (ranges.back().rule != rule) {
      ranges.push_back({first, rule});
    }
  };
  const auto rules = rules_of(arch, caps);
  for (const auto& [number, rule] : rules) {
    put(number, rule);
    if (!rules.contains(number + 1)) put(number + 1, Rule::kRefused);
  }
  Program out = {load(offsetof(seccomp_data, nr))};
  append(out, tree(ranges, 0, ranges.size()));
  return out;
}

struct Arch {
  uint32_t audit;
  uint32_t seccomp;
};
#if defined(__x86_64__)
constexpr Arch kArches[] = {{AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64}, {AUDIT_ARCH_I386, SCMP_ARCH_X86}};
#elif defined(__aarch64__)
constexpr Arch kArches[] = {{AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64}, {AUDIT_ARCH_ARM, SCMP_ARCH_ARM}};
#endif

Result<std::string> compile(uint64_t caps) {
  Program out = {load(offsetof(seccomp_data, arch))};
  for (const auto& arch : kArches) {
    const Program part = program_of(arch.seccomp, caps);
    out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch.audit, 1, 0));
    out.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<uint32_t>(part.size())));
    append(out, part);
  }
  out.push_back(answer(kRefuse));  // an architecture that we do not know
  if (out.size() > kProgramMax) return fail(Code::kInternal, "the seccomp filter is too long for the kernel");
  return std::string(reinterpret_cast<const char*>(out.data()), out.size() * sizeof(sock_filter));
}

}  // namespace

Result<std::string> default_filter(uint64_t caps) {
  // Only the capabilities that change the program make a filter of their own.
  uint64_t key = 0;
  for (const auto& entry : allowed_with_capability()) {
    if (const auto number = caps::number_of(entry.capability)) key |= caps & (1ULL << *number);
  }
  static std::mutex mutex;
  static std::map<uint64_t, std::string> cache;
  const std::scoped_lock lock(mutex);
  if (const auto it = cache.find(key); it != cache.end()) return it->second;
  return cache[key] = TRY(compile(key));
}

}  // namespace appliance::runtime::seccomp
