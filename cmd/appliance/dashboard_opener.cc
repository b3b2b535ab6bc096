#include "cmd/appliance/dashboard_opener.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/fd.h"
#include "base/process.h"
#include "base/strings.h"
#include "cmd/appliance/args.h"
#include "cmd/appliance/output.h"
#include "node/bootstrap/kubeconfig.h"

extern char** environ;

namespace appliance::cmd {
namespace {

constexpr std::chrono::seconds kLinkTtl{60};  // as the API server's
constexpr size_t kUrlBytesMax = 4096;

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string find_program(const std::string& name) {
  for (const auto folder : base::split(variable("PATH"), ':')) {
    const auto path = std::string(folder) + '/' + name;
    if (folder.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

// Of sudo's caller, for good: nothing of what follows has root's rights.
Result<> become(const node::KubeconfigTarget& person) {
  if (getuid() != 0 || person.uid == 0) return {};
  if (::setgroups(0, nullptr) != 0 || ::setgid(person.gid) != 0 || ::setuid(person.uid) != 0)
    return fail_errno("become user " + std::to_string(person.uid));
  return {};
}

// What a session of this person has, and sudo took away.
std::vector<std::string> environment_of(const node::KubeconfigTarget& person, const std::string& home) {
  std::vector<std::string> out;
  for (char** e = environ; *e != nullptr; ++e) {
    const std::string_view one(*e);
    if (!one.starts_with("HOME=") && !one.starts_with("SUDO_")) out.emplace_back(one);
  }
  out.push_back("HOME=" + home);
  const auto runtime = "/run/user/" + std::to_string(person.uid);
  if (variable("XDG_RUNTIME_DIR").empty()) out.push_back("XDG_RUNTIME_DIR=" + runtime);
  if (variable("DBUS_SESSION_BUS_ADDRESS").empty())
    out.push_back("DBUS_SESSION_BUS_ADDRESS=unix:path=" + runtime + "/bus");
  return out;
}

Result<std::string> write_page(const std::string& home, const std::string& page) {
  // Not hidden and not in /tmp: browsers that are packed away (snap) see neither.
  std::string path = home + "/appliance-dashboard-XXXXXX.html";
  const base::Fd file(::mkostemps(path.data(), sizeof ".html" - 1, O_CLOEXEC));  // 0600, of this user
  if (!file) return fail_errno("make a file in " + home);
  if (::write(file.get(), page.data(), page.size()) != static_cast<ssize_t>(page.size())) {
    const auto error = errno_error("write " + path);
    (void)::unlink(path.c_str());
    return fail(error);
  }
  return path;
}

Result<> open_and_wait(const std::string& url) {
  const auto person = TRY(node::kubeconfig_target());
  const auto home = TRY(node::home_of(person.uid));
  TRY(become(person));
  const auto path = TRY(write_page(home, leading_page(url)));
  auto browser = base::Process::spawn({.program = find_program("xdg-open"),
                                       .argv = {"xdg-open", path},
                                       .env = environment_of(person, home),
                                       .cwd = "/",
                                       .new_session = true});
  if (browser) browser->leave();
  (void)::poll(nullptr, 0, static_cast<int>(std::chrono::milliseconds(kLinkTtl).count()));
  (void)::unlink(path.c_str());  // the person may have removed it
  if (!browser) return fail(browser.error());
  return {};
}

}  // namespace

std::string leading_page(std::string_view url) {
  std::string text;
  for (const char c : url) {
    if (c == '&') {
      text += "&amp;";
    } else if (c == '"') {
      text += "&quot;";
    } else if (c == '<') {
      text += "&lt;";
    } else {
      text += c;
    }
  }
  return "<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer><title>appliance</title>"
         "<meta http-equiv=refresh content=\"0;url=" +
         text + "\"><a href=\"" + text + "\">the dashboard</a>\n";
}

bool has_desktop() {
  return is_terminal(STDOUT_FILENO) && !(variable("DISPLAY").empty() && variable("WAYLAND_DISPLAY").empty());
}

Result<> open_in_browser(const std::string& url) {
  if (find_program("xdg-open").empty()) return fail(Code::kNotFound, "xdg-open is not in $PATH");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe");
  const base::Fd read_end(ends[0]);
  base::Fd write_end(ends[1]);
  auto opener = TRY(base::Process::spawn({.program = "/proc/self/exe",
                                          .argv = {"appliance", "dashboard", std::string(kDashboardOpener)},
                                          .fds = {{read_end.get(), 0}},
                                          .cwd = "/",
                                          .new_session = true}));
  const bool told = ::write(write_end.get(), url.data(), url.size()) == static_cast<ssize_t>(url.size());
  opener.leave();
  if (!told) return fail_errno("tell the opener");
  return {};
}

int dashboard_opener() {
  std::string url;
  char buffer[kUrlBytesMax];
  for (ssize_t n = 0; (n = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0 && url.size() < kUrlBytesMax;)
    url.append(buffer, static_cast<size_t>(n));
  if (!url.starts_with("https://")) return kUsage;
  const auto opened = open_and_wait(url);
  return opened ? kDone : report("dashboard", opened.error());
}

}  // namespace appliance::cmd
