#include "orchestrator/kubelet/stats.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/fs.h"
#include "base/strings.h"
#include "orchestrator/client/usage_reply.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::SandboxState;
using runtime::cri::SandboxStatus;

constexpr size_t kProcBytesMax = 4U << 20U;  // /proc/stat has a line a core and one of all interrupts

std::vector<std::string_view> words(std::string_view line) {
  auto out = base::split(line, ' ');
  std::erase(out, std::string_view());
  return out;
}

Result<> read_disk(const std::string& dir, client::NodeUsage& out) {
  struct statvfs disk{};
  if (statvfs(dir.c_str(), &disk) != 0) return fail_errno("statvfs " + dir);
  out.disk_total_bytes = static_cast<uint64_t>(disk.f_blocks) * disk.f_frsize;
  out.disk_bytes = static_cast<uint64_t>(disk.f_blocks - std::min(disk.f_bfree, disk.f_blocks)) * disk.f_frsize;
  return {};
}

// The newest sandbox of each pod; one that has ended uses nothing.
std::map<std::string, SandboxStatus> running(std::vector<SandboxStatus> sandboxes) {
  std::map<std::string, SandboxStatus> out;
  for (auto& sandbox : sandboxes) {
    if (sandbox.state != SandboxState::kReady) continue;
    auto& slot = out[sandbox.config.uid];
    if (slot.id.empty() || slot.config.attempt <= sandbox.config.attempt) slot = std::move(sandbox);
  }
  return out;
}

}  // namespace

Result<uint64_t> cpu_nanos_of(std::string_view stat, int64_t ticks_a_second) {
  const auto fields = words(stat.substr(0, stat.find('\n')));
  // cpu user nice system idle iowait irq softirq steal guest guest_nice; guests are in user and nice already.
  if (fields.size() < 8 || fields[0] != "cpu") return fail(Code::kUnavailable, "/proc/stat: no line of all cores");
  uint64_t ticks = 0;
  for (const size_t used : {1, 2, 3, 6, 7}) {
    const auto value = base::parse_int<uint64_t>(fields[used]);
    if (!value) return fail(Code::kUnavailable, "/proc/stat: \"" + std::string(fields[used]) + "\" is no number");
    ticks += *value;
  }
  return ticks * (1'000'000'000 / static_cast<uint64_t>(ticks_a_second));
}

Result<Memory> memory_of(std::string_view meminfo) {
  std::optional<uint64_t> total;
  std::optional<uint64_t> available;
  for (const std::string_view line : base::split(meminfo, '\n')) {
    const auto fields = words(line);
    if (fields.size() < 2) continue;
    if (fields[0] == "MemTotal:") total = base::parse_int<uint64_t>(fields[1]);
    if (fields[0] == "MemAvailable:") available = base::parse_int<uint64_t>(fields[1]);
  }
  if (!total || !available) return fail(Code::kUnavailable, "/proc/meminfo: no MemTotal or MemAvailable");
  return Memory{.total_bytes = *total * 1024, .available_bytes = *available * 1024};
}

Result<client::NodeUsage> LocalStats::read() const {
  client::NodeUsage out;
  out.at = clock_.now();
  out.cores = options_.cores;
  const auto stat = TRY(base::read_file(options_.proc + "/stat", kProcBytesMax));
  out.cpu_nanos = TRY(cpu_nanos_of(stat, sysconf(_SC_CLK_TCK)));
  const auto meminfo = TRY(base::read_file(options_.proc + "/meminfo", kProcBytesMax));
  const auto memory = TRY(memory_of(meminfo));
  out.memory_total_bytes = memory.total_bytes;
  out.memory_bytes = memory.total_bytes - std::min(memory.total_bytes, memory.available_bytes);
  TRY(read_disk(options_.data_dir, out));
  for (const auto& [uid, sandbox] : running(TRY(runtime_.list_sandboxes()))) {
    const auto stats = runtime_.sandbox_stats(sandbox.id);
    if (!stats) continue;  // it ends at this moment
    out.pods.push_back({.ns = sandbox.config.namespace_,
                        .name = sandbox.config.name,
                        .uid = uid,
                        .cpu_nanos = stats->cpu_usage_ns,
                        .memory_bytes = stats->memory_working_set_bytes});
  }
  return out;
}

void LocalStats::usage(const std::string& node, std::move_only_function<void(Result<client::NodeUsage>)> done) {
  if (node != options_.node) return done(fail(Code::kNotFound, "nodes \"" + node + "\" is not this one"));
  // What is refused is answered by the UsageReply, which goes with its task.
  (void)pool_.post([this, reply = client::UsageReply(node, std::move(done))]() mutable { reply.tell(read()); });
}

}  // namespace appliance::orchestrator::kubelet
