#include "cmd/appliance/systemd.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "base/fd.h"
#include "base/fs.h"
#include "base/strings.h"

extern char** environ;

namespace appliance::cmd {
namespace {

constexpr off_t kOutputBytesMax = 64 << 10;  // of systemctl or journalctl: a few lines are meant to be shown
constexpr const char* kJournalLines = "5";

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

// Where systemd looks for units, of the administrator first.
bool has_unit() {
  for (const auto* dir : {"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"})
    if (exists(std::string(dir) + "/systemd/system/" + kUnit)) return true;
  return false;
}

struct Output {
  int status = 0;
  std::string text;  // stdout and stderr
};

Result<Output> run(std::vector<std::string> words) {
  const base::Fd output(::memfd_create("output", MFD_CLOEXEC));
  if (!output) return fail_errno("memfd_create");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, output.get(), 2);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail_errno("run " + words[0], error);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail_errno("wait for " + words[0]);
  Output out{.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), .text = {}};
  std::array<char, 4096> buffer{};
  for (off_t at = 0; at < kOutputBytesMax;) {
    const ssize_t n = ::pread(output.get(), buffer.data(), buffer.size(), at);
    if (n <= 0) break;
    out.text.append(buffer.data(), static_cast<size_t>(n));
    at += n;
  }
  return out;
}

Result<> systemctl(const std::string& verb) {
  const auto done = TRY(run({"systemctl", verb, "--quiet", kUnit}));
  if (done.status == 0) return {};
  return fail(Error{.code = Code::kInternal,
                    .message = "systemctl " + verb + ' ' + kUnit + ": " + std::string(base::trim(done.text)),
                    .errno_value = 0,
                    .hint = "systemctl status appliance, journalctl -u appliance"});
}

// What `up` uses itself, and the server does not.
bool belongs_to_up(const std::string& option) {
  return option == "config" || option == "write-kubeconfig" || option == "kubeconfig-mode" || option == "no-demo";
}

// This process's group in the v2 tree, "" when there is none.
std::string own_group() {
  const auto text = base::read_file("/proc/self/cgroup");
  if (!text) return {};
  for (const auto line : base::split(*text, '\n'))
    if (line.starts_with("0::/") && line.size() > 4) return std::string(line.substr(3));
  return {};
}

bool delegated(const std::string& dir) {
  char value = 0;
  for (const auto* name : {"user.delegate", "trusted.delegate"})
    if (::getxattr(dir.c_str(), name, &value, 1) == 1 && value == '1') return true;
  return false;
}

}  // namespace

Result<node::Config> unit_config() {
  node::Config config;
  TRY(node::apply_file(config, config.config, false));
  TRY(node::complete(config));
  return config;
}

bool unit_serves(const node::Config& config) {
  struct stat info{};
  if (::stat("/run/systemd/system", &info) != 0 || !S_ISDIR(info.st_mode) || !has_unit()) return false;
  const auto unit = unit_config();
  return !unit || unit->run_dir == config.run_dir;  // a bad file is the unit's business: its start will say so
}

std::optional<std::string> differs_from_unit(const node::Config& wanted, const node::Config& unit,
                                             const std::set<std::string>& kept) {
  for (const auto& option : node::options())
    if (!belongs_to_up(option.name) && !kept.contains(option.name) && option.get(wanted) != option.get(unit))
      return option.name;
  return std::nullopt;
}

Result<> check_unit_config(const node::Config& wanted, const std::set<std::string>& kept) {
  if (!unit_serves(wanted)) return {};
  const auto unit = TRY(unit_config());
  const auto name = differs_from_unit(wanted, unit, kept);
  if (!name) return {};
  for (const auto& option : node::options())
    if (option.name == *name)
      return fail(Error{
          .code = Code::kInvalidArgument,
          .message =
              *name + ": \"" + option.get(wanted) + "\" is not what systemd starts the server with: " + unit.config +
              (option.get(unit).empty() ? " does not set it" : " and the defaults say \"" + option.get(unit) + '"'),
          .errno_value = 0,
          .hint = "write `" + *name + ": " + option.get(wanted) + "` into " + unit.config +
                  "; another cluster beside this one needs a --run-dir of its own"});
  return {};
}

Result<> start_unit() {
  if (auto started = systemctl("start"); !started) {
    const auto journal = run({"journalctl", "-u", kUnit, "-n", kJournalLines, "-o", "cat", "--no-pager"});
    (void)systemctl("stop");  // or Restart=always would go on behind a person's back
    auto error = started.error();
    if (journal && journal->status == 0) {
      error.message += "\nthe end of its journal:";
      for (const auto line : base::split(base::trim(journal->text), '\n')) error.message += "\n  " + std::string(line);
    }
    return fail(std::move(error));
  }
  return systemctl("enable");
}

Result<> stop_unit() { return systemctl("stop"); }

Result<> disable_unit() { return systemctl("disable"); }

bool unit_active() {
  const auto state = run({"systemctl", "show", "--property=ActiveState", "--value", kUnit});
  const auto word = state ? base::trim(state->text) : std::string_view();
  return word == "active" || word == "activating" || word == "reloading" || word == "deactivating";
}

bool started_by_systemd() {
  const char* id = std::getenv("INVOCATION_ID");
  return id != nullptr && *id != '\0' && ::getppid() == 1;
}

Result<> enter_unit_subgroup() {
  if (!started_by_systemd()) return {};
  for (const auto* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    const auto unit = root + own_group();
    if (!exists(unit + "/cgroup.procs") || !exists(unit + "/cgroup.controllers") || !delegated(unit)) continue;
    const auto group = unit + "/server";
    if (::mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno("make control group " + group);
    TRY(base::write_file(group + "/cgroup.procs", "0", 0644));
    return {};
  }
  return {};
}

}  // namespace appliance::cmd
