#include "runtime/cgroup/device_filter.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "base/fd.h"

namespace appliance::runtime::cgroup {
namespace {

std::string number_or_any(int value) { return value < 0 ? "*" : std::to_string(value); }

uint32_t access_bits(const std::string& access) {
  uint32_t bits = 0;
  for (const char c : access)
    bits |= c == 'm' ? BPF_DEVCG_ACC_MKNOD : c == 'r' ? BPF_DEVCG_ACC_READ : BPF_DEVCG_ACC_WRITE;
  return bits;
}

bpf_insn insn(uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm) {
  bpf_insn out{};
  out.code = code;
  out.dst_reg = dst & 0xfU;
  out.src_reg = src & 0xfU;
  out.off = off;
  out.imm = imm;
  return out;
}

// r2 = type, r3 = access, r4 = major, r5 = minor of the access that is asked for; each rule either says yes or falls
// through.
std::vector<bpf_insn> program() {
  std::vector<bpf_insn> out = {
      insn(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0),  // r2 = access_type
      insn(BPF_ALU | BPF_MOV | BPF_X, 3, 2, 0, 0),  // r3 = r2 >> 16: access
      insn(BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16),
      insn(BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff),  // r2 &= 0xffff: type
      insn(BPF_LDX | BPF_MEM | BPF_W, 4, 1, 4, 0),
      insn(BPF_LDX | BPF_MEM | BPF_W, 5, 1, 8, 0),
  };
  for (const auto& rule : default_device_rules()) {
    std::vector<bpf_insn> body;
    const int type = rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    body.push_back(insn(BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, type));
    // Anything asked for beyond what the rule grants: next rule.
    body.push_back(insn(BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0));
    body.push_back(insn(BPF_ALU | BPF_AND | BPF_K, 1, 0, 0, static_cast<int32_t>(~access_bits(rule.access) & 7U)));
    body.push_back(insn(BPF_JMP | BPF_JNE | BPF_K, 1, 0, 0, 0));
    if (rule.major >= 0) body.push_back(insn(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 0, rule.major));
    if (rule.minor >= 0) body.push_back(insn(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 0, rule.minor));
    body.push_back(insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1));
    body.push_back(insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
    for (size_t i = 0; i < body.size(); ++i) {
      if ((body[i].code & 0xf0U) == BPF_JNE && (body[i].code & 0x07U) == BPF_JMP) {
        body[i].off = static_cast<int16_t>(body.size() - i - 1);
      }
    }
    out.insert(out.end(), body.begin(), body.end());
  }
  out.push_back(insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0));
  out.push_back(insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  return out;
}

int bpf(int command, bpf_attr& attr) { return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof attr)); }

}  // namespace

std::string DeviceRule::v1_text() const {
  return std::string(1, type) + ' ' + number_or_any(major) + ':' + number_or_any(minor) + ' ' + access;
}

const std::vector<DeviceRule>& default_device_rules() {
  static const std::vector<DeviceRule> rules = {
      {'c', -1, -1, "m"}, {'b', -1, -1, "m"}, {'c', 1, 3, "rwm"}, {'c', 1, 5, "rwm"}, {'c', 1, 7, "rwm"},
      {'c', 1, 8, "rwm"}, {'c', 1, 9, "rwm"}, {'c', 5, 0, "rwm"}, {'c', 5, 2, "rwm"}, {'c', 136, -1, "rwm"},
  };
  return rules;
}

Result<> attach_device_filter(int group_fd) {
  const auto code = program();
  static const char license[] = "Apache-2.0";
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<uint64_t>(code.data());
  load.insn_cnt = static_cast<uint32_t>(code.size());
  load.license = reinterpret_cast<uint64_t>(license);
  const base::Fd program_fd(bpf(BPF_PROG_LOAD, load));
  if (!program_fd) return fail_errno("load the device filter");
  bpf_attr attach{};
  attach.target_fd = static_cast<uint32_t>(group_fd);
  attach.attach_bpf_fd = static_cast<uint32_t>(program_fd.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attach) != 0) return fail_errno("attach the device filter");
  return {};
}

}  // namespace appliance::runtime::cgroup
