#include "runtime/seccomp/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <catch2/catch.hpp>

#include <cstddef>
#include <cstring>
#include <vector>

#include "runtime/caps/caps.h"

namespace appliance::runtime::seccomp {
namespace {

// What the kernel would answer: the part of classic BPF that filters use.
uint32_t run(const std::string& bytes, const seccomp_data& data) {
  std::vector<sock_filter> code(bytes.size() / sizeof(sock_filter));
  std::memcpy(code.data(), bytes.data(), bytes.size());
  uint32_t a = 0;
  for (size_t pc = 0; pc < code.size(); ++pc) {
    const auto& i = code[pc];
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + i.k, 4);
        break;
      case BPF_JMP | BPF_JA:
        pc += i.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        pc += a == i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        pc += a >= i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        pc += (a & i.k) != 0 ? i.jt : i.jf;
        break;
      case BPF_RET | BPF_K:
        return i.k;
      default:
        FAIL("unexpected instruction");
    }
  }
  FAIL("the program runs off its end");
  return 0;
}

uint32_t ask(uint64_t caps, int number, uint64_t arg0 = 0, uint32_t arch = AUDIT_ARCH_X86_64) {
  seccomp_data data{};
  data.nr = number;
  data.arch = arch;
  data.args[0] = arg0;
  return run(default_filter(caps).value(), data);
}

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kEperm = SECCOMP_RET_ERRNO | 1;

}  // namespace

#if defined(__x86_64__)
TEST_CASE("seccomp: the default filter allows everyday calls and refuses the dangerous") {
  const uint64_t caps = caps::default_set();
  for (const int nr : {SYS_read, SYS_write, SYS_openat, SYS_execve, SYS_futex, SYS_mmap, SYS_exit_group, SYS_chroot,
                       SYS_ptrace, 452, 462}) {
    CHECK(ask(caps, nr) == kAllow);
  }
  for (const int nr :
       {SYS_mount, SYS_bpf, SYS_unshare, SYS_setns, SYS_keyctl, SYS_add_key, SYS_kexec_load, SYS_init_module,
        SYS_reboot, SYS_userfaultfd, SYS_io_uring_setup, SYS_iopl, SYS_open_by_handle_at, 100000}) {
    INFO(nr);
    CHECK(ask(caps, nr) == kEperm);
  }
  CHECK(ask(caps, SYS_clone3) == (SECCOMP_RET_ERRNO | 38));
  CHECK(ask(caps, SYS_read | 0x40000000) == kEperm);  // x32
  CHECK(ask(caps, SYS_read, 0, AUDIT_ARCH_AARCH64) == kEperm);
  CHECK(ask(caps, 3, 0, AUDIT_ARCH_I386) == kAllow);   // read
  CHECK(ask(caps, 21, 0, AUDIT_ARCH_I386) == kEperm);  // mount
}

TEST_CASE("seccomp: arguments of clone, socket and personality decide") {
  const uint64_t caps = caps::default_set();
  CHECK(ask(caps, SYS_clone, 0x1200011) == kAllow);
  CHECK(ask(caps, SYS_clone, CLONE_NEWUSER) == kEperm);
  CHECK(ask(caps, SYS_clone, CLONE_NEWNET | 17) == kEperm);
  for (const uint64_t family : {1, 2, 10, 16, 17, 39, 41}) CHECK(ask(caps, SYS_socket, family) == kAllow);
  CHECK(ask(caps, SYS_socket, 38) == kEperm);
  CHECK(ask(caps, SYS_socket, 40) == kEperm);
  CHECK(ask(caps, SYS_socket, (1ULL << 32U) | 38) == kEperm);  // the kernel looks at the low word alone
  for (const uint64_t persona : {0UL, 8UL, 0x20000UL, 0x20008UL, 0xffffffffUL})
    CHECK(ask(caps, SYS_personality, persona) == kAllow);
  CHECK(ask(caps, SYS_personality, 0x40000) == kEperm);
  CHECK(ask(caps, SYS_personality, 1ULL << 32U) == kEperm);
}

TEST_CASE("seccomp: with a capability come its calls") {
  const uint64_t admin = caps::default_set() | 1ULL << *caps::number_of("SYS_ADMIN");
  for (const int nr : {SYS_mount, SYS_unshare, SYS_clone3, SYS_setns}) CHECK(ask(admin, nr) == kAllow);
  CHECK(ask(admin, SYS_clone, CLONE_NEWUSER) == kAllow);
  CHECK(ask(admin, SYS_reboot) == kEperm);
  CHECK(ask(caps::all(), SYS_reboot) == kAllow);
  CHECK(ask(0, SYS_chroot) == kEperm);
}
#endif

}  // namespace appliance::runtime::seccomp
