#include "orchestrator/podnet/sysctls.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.h"
#include "base/fs.h"
#include "base/strings.h"

namespace appliance::orchestrator::podnet {
namespace {

constexpr size_t kValueBytesMax = 4096;

std::string path_of(const std::string& key) {
  std::string path = "/proc/sys/" + key;
  std::replace(path.begin() + 10, path.end(), '.', '/');
  return path;
}

std::string boot_id() {
  auto text = base::read_file("/proc/sys/kernel/random/boot_id", kValueBytesMax);
  return text ? std::string(base::trim(*text)) : "unknown";
}

}  // namespace

Result<std::string> read_sysctl(const std::string& key) {
  const base::Fd fd(::open(path_of(key).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("read sysctl " + key);
  char buffer[kValueBytesMax];
  const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
  if (n < 0) return fail_errno("read sysctl " + key);
  return std::string(base::trim(std::string_view(buffer, static_cast<size_t>(n))));
}

Result<> write_sysctl(const std::string& key, const std::string& value) {
  const base::Fd fd(::open(path_of(key).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno("set sysctl " + key);
  if (::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
    return fail_errno("set sysctl " + key + " to " + value);
  return {};
}

Result<RecordedSysctls::Entries> RecordedSysctls::load() const {
  auto text = base::read_file(path_);
  if (!text && text.error().code == Code::kNotFound) return Entries{};
  if (!text) return fail(text.error());
  Entries out;
  const auto lines = base::split(*text, '\n');
  if (lines.front() != boot_id()) return Entries{};
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t equals = lines[i].find('=');
    if (equals != std::string_view::npos) out.emplace_back(lines[i].substr(0, equals), lines[i].substr(equals + 1));
  }
  return out;
}

Result<> RecordedSysctls::save(const Entries& entries) const {
  std::string text = boot_id() + '\n';
  for (const auto& [key, value] : entries) text += key + '=' + value + '\n';
  return base::write_file_atomic(path_, text, 0600);
}

Result<> RecordedSysctls::set(const std::string& key, const std::string& value) {
  auto now = read_sysctl(key);
  if (!now && now.error().code == Code::kNotFound) return {};
  if (!now) return fail(now.error());
  if (*now == value) return {};
  auto entries = TRY(load());
  const bool recorded = std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.first == key; });
  if (!recorded) {
    entries.emplace_back(key, *now);
    TRY_CTX(save(entries), "record sysctl " + key);
  }
  return write_sysctl(key, value);
}

Result<> RecordedSysctls::restore() {
  const auto entries = TRY(load());
  Result<> result;
  for (auto it = entries.rbegin(); it != entries.rend(); ++it) {
    auto one = write_sysctl(it->first, it->second);
    if (!one && one.error().code != Code::kNotFound && result) result = std::move(one);
  }
  if (!result) return result;  // the record stays for another try
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path_);
  return {};
}

}  // namespace appliance::orchestrator::podnet
