// Who the process is: user and groups by the container's own /etc/passwd and /etc/group, capabilities, no_new_privs.
// The files are the image's: opened as plain files without blocking, read up to a limit, parsed strictly
// (CVE-2026-30892).
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "stage/setup.h"

namespace appliance::stage {
namespace {

using namespace runtime::stage;

constexpr size_t kAccountsBytesMax = 4U << 20U;  // nobody's /etc/passwd is larger, and it is the image's to write

// The bytes of a regular file, mapped privately; empty when it is absent, of another type or too large.
std::string_view map_file(const char* path) {
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  struct stat st;
  std::string_view out;
  if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
      static_cast<size_t>(st.st_size) <= kAccountsBytesMax) {
    // Copied, not mapped from the file: a file that shrinks under a mapping would kill us.
    void* at =
        mmap(nullptr, static_cast<size_t>(st.st_size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) {
      const ssize_t n = read(fd, at, static_cast<size_t>(st.st_size));
      if (n > 0) out = {static_cast<const char*>(at), static_cast<size_t>(n)};
    }
  }
  close_fd(fd);
  return out;
}

bool next_line(std::string_view& rest, std::string_view& line) {
  if (rest.empty()) return false;
  const size_t end = rest.find('\n');
  line = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  return true;
}

// The n-th field of a:b:c; false when the line has fewer.
bool field(std::string_view line, unsigned n, std::string_view& out) {
  for (; n > 0; --n) {
    const size_t colon = line.find(':');
    if (colon == line.npos) return false;
    line = line.substr(colon + 1);
  }
  out = line.substr(0, line.find(':'));
  return true;
}

struct Account {
  std::string_view name, home;
  uint32_t uid = 0, gid = 0;
};

bool find_account(std::string_view passwd, std::string_view name, bool by_uid, uint32_t uid, Account& out) {
  for (std::string_view line; next_line(passwd, line);) {
    std::string_view user, uid_text, gid_text, home;
    Account entry;
    if (!field(line, 0, user) || !field(line, 2, uid_text) || !field(line, 3, gid_text) || user.empty() ||
        !parse_id(uid_text, entry.uid) || !parse_id(gid_text, entry.gid)) {
      continue;
    }
    if (by_uid ? entry.uid != uid : user != name) continue;
    entry.name = user;
    if (field(line, 5, home)) entry.home = home;
    out = entry;
    return true;
  }
  return false;
}

bool find_group(std::string_view groups, std::string_view name, uint32_t& gid) {
  for (std::string_view line; next_line(groups, line);) {
    std::string_view group, gid_text;
    if (field(line, 0, group) && field(line, 2, gid_text) && group == name && parse_id(gid_text, gid)) return true;
  }
  return false;
}

void add_group(Setup& s, uint32_t gid) {
  for (unsigned i = 0; i < s.groups_count; ++i) {
    if (s.groups[i] == gid) return;
  }
  if (s.groups_count < sizeof s.groups / sizeof s.groups[0]) s.groups[s.groups_count++] = gid;
}

bool is_member(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (list.substr(0, comma) == name) return true;
    if (comma == list.npos) return false;
    list = list.substr(comma + 1);
  }
  return false;
}

void add_groups_of(Setup& s, std::string_view groups, std::string_view name) {
  for (std::string_view line; !name.empty() && next_line(groups, line);) {
    std::string_view gid_text, members;
    uint32_t gid;
    if (field(line, 2, gid_text) && field(line, 3, members) && parse_id(gid_text, gid) && is_member(members, name))
      add_group(s, gid);
  }
}

void keep_home(Setup& s, std::string_view home) {
  static Text<1024> text;
  if (home.empty() || home[0] != '/') return;
  text.clear();
  s.home = text.add(home).c_str();
}

}  // namespace

bool resolve_user(Setup& s) {
  const std::string_view passwd = map_file("/etc/passwd");
  const std::string_view groups = map_file("/etc/group");
  const char* text = s.plan.text(Tag::kUser);
  const std::string_view spec(text == nullptr ? "" : text);
  const size_t colon = spec.find(':');
  const std::string_view user = spec.substr(0, colon);
  const std::string_view group = colon == spec.npos ? std::string_view() : spec.substr(colon + 1);

  Account account;
  bool known = false;
  Record r;
  if (s.plan.find(Tag::kUid, r)) {
    s.uid = r.u32();
    known = find_account(passwd, {}, true, s.uid, account);
  } else if (user.empty() || parse_id(user, s.uid)) {
    known = find_account(passwd, {}, true, s.uid, account);
  } else if ((known = find_account(passwd, user, false, 0, account))) {
    s.uid = account.uid;
  } else {
    errno = 0;
    Text<300> why;
    return s.failed(why.add("unable to find user ").add(user).add(": no matching entries in passwd file").view());
  }
  if (known) {
    s.gid = account.gid;
    keep_home(s, account.home);
  }
  if (s.plan.find(Tag::kGid, r)) {
    s.gid = r.u32();
  } else if (!group.empty() && !parse_id(group, s.gid) && !find_group(groups, group, s.gid)) {
    errno = 0;
    Text<300> why;
    return s.failed(why.add("unable to find group ").add(group).add(": no matching entries in group file").view());
  }
  if (known) add_groups_of(s, groups, account.name);
  uint32_t cursor = 0;
  while (s.plan.next(cursor, Tag::kGroup, r)) add_group(s, r.u32());
  if (s.tty >= 0)
    (void)fchown(s.tty, s.uid, static_cast<gid_t>(-1));  // so that the user can open its own terminal again
  for (int i = 0; i < 3 && s.tty < 0; ++i) {
    struct stat st;
    // Pipes opened again through /dev/stdout must be the user's.
    if (fstat(i, &st) == 0 && S_ISFIFO(st.st_mode)) (void)fchown(i, s.uid, static_cast<gid_t>(-1));
  }
  return true;
}

bool limit_capabilities(Setup& s) {
  s.caps = s.plan.number(Tag::kCaps, 0);
  for (unsigned cap = 0; cap < 64; ++cap) {
    const int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
    if (has < 0) break;  // past the kernel's last one
    if (has == 0) {
      s.caps &= ~(1ULL << cap);
    } else if ((s.caps >> cap & 1U) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
      return s.failed("limit the bounding set");
    }
  }
  return true;
}

// Inheritable and ambient sets stay empty (CVE-2022-29162). A user other than root loses its capabilities by setresuid.
bool become_user(Setup& s) {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (syscall(SYS_setgroups, static_cast<size_t>(s.groups_count), s.groups) != 0) return s.failed("setgroups");
  if (syscall(SYS_setresgid, s.gid, s.gid, s.gid) != 0) return s.failed("setgid");
  if (syscall(SYS_setresuid, s.uid, s.uid, s.uid) != 0) return s.failed("setuid");
  if (s.uid != 0) s.caps = 0;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  data[0].effective = data[0].permitted = static_cast<uint32_t>(s.caps);
  data[1].effective = data[1].permitted = static_cast<uint32_t>(s.caps >> 32U);
  return syscall(SYS_capset, &header, data) == 0 || s.failed("capset");
}

bool no_new_privs(Setup& s) {
  return !s.plan.flag(kFlagNoNewPrivs) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || s.failed("no_new_privs");
}

}  // namespace appliance::stage
