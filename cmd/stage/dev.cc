// /dev of a container: our own tmpfs with the few devices of the OCI specification, its own terminals, the pod's shared
// memory and message queues. Nodes are made by descriptor in a mount that nobody else has seen (CVE-2026-41579).
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/stage/plan.h"
#include "stage/channel.h"
#include "stage/setup.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

namespace appliance::stage {
namespace {

using namespace runtime::stage;

struct Node {
  const char* name;
  unsigned major, minor;
};
constexpr Node kNodes[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                           {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

struct Link {
  const char* name;
  const char* to;
};
constexpr Link kLinks[] = {{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
                           {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"}};

bool put_mount(Setup& s, const char* name, int mount) {
  if (mount < 0 || mkdirat(s.dev, name, 0755) != 0) return s.failed("mount /dev", name);
  int target = openat(s.dev, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (target < 0 || move_mount(mount, target) != 0) return s.failed("mount /dev", name);
  close(target);
  close(mount);
  return true;
}

bool make_node(Setup& s, const char* name, unsigned mode, dev_t device) {
  return (mknodat(s.dev, name, mode, device) == 0 && fchmodat(s.dev, name, mode & 07777U, 0) == 0) ||
         s.failed("make /dev node", name);
}

// Devices of the plan: "/dev/x" or "/dev/a/b".
bool make_extra(Setup& s, const Record& r) {
  const char* path = r.text();
  if (strncmp(path, "/dev/", 5) != 0) {
    errno = EINVAL;
    return s.failed("device outside of /dev:", path);
  }
  path += 5;
  char name[256];
  for (const char* slash = strchr(path, '/'); slash != nullptr; slash = strchr(slash + 1, '/')) {
    const auto length = static_cast<size_t>(slash - path);
    if (length >= sizeof name) return true;
    memcpy(name, path, length);
    name[length] = '\0';
    if (mkdirat(s.dev, name, 0755) != 0 && errno != EEXIST) return s.failed("mkdir /dev", name);
  }
  if (mknodat(s.dev, path, r.u32(0), makedev(r.u32(1), r.u32(2))) != 0)
    return errno == EEXIST || s.failed("make", r.text());
  return fchmodat(s.dev, path, r.u32(0) & 07777U, 0) == 0 || s.failed("make", r.text());
}

}  // namespace

bool mount_dev(Setup& s) {
  const char* const tmpfs[] = {"mode", "755", "size", "65536k", nullptr};
  s.dev = new_fs("tmpfs", tmpfs, kAttrNosuid);
  if (s.dev < 0) return s.failed("mount /dev");
  int target = open_plain_dir(s, "dev");
  if (target < 0 || move_mount(s.dev, target) != 0) return s.failed("mount /dev");
  close(target);
  umask(0);
  for (const Node& node : kNodes) {
    if (!make_node(s, node.name, S_IFCHR | 0666, makedev(node.major, node.minor))) return false;
  }
  for (const Link& link : kLinks) {
    if (symlinkat(link.to, s.dev, link.name) != 0) return s.failed("link /dev", link.name);
  }
  umask(022);
  const char* const devpts[] = {"ptmxmode", "0666", "mode", "0620", "gid", "5", nullptr};
  if (!put_mount(s, "pts", new_fs("devpts", devpts, kAttrNosuid | kAttrNoexec))) return false;
  const char* const none[] = {nullptr};
  if (!put_mount(s, "mqueue", new_fs("mqueue", none, kAttrNosuid | kAttrNodev | kAttrNoexec))) return false;
  if (s.shm_source >= 0) {
    if (!put_mount(s, "shm", s.shm_source)) return false;
  } else {
    const char* const shm[] = {"mode", "1777", "size", "65536k", nullptr};
    if (!put_mount(s, "shm", new_fs("tmpfs", shm, kAttrNosuid | kAttrNodev | kAttrNoexec))) return false;
  }
  uint32_t cursor = 0;
  for (Record r; s.plan.next(cursor, Tag::kDevice, r);) {
    if (!make_extra(s, r)) return false;
  }
  return true;
}

// The terminal comes from the container's own devpts; its other end is opened by TIOCGPTPEER, not by a name
// (CVE-2025-52565).
bool open_terminal(Setup& s) {
  if (!s.plan.flag(kFlagTty)) return true;
  int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
  if (master < 0) return s.failed("open /dev/pts/ptmx");
  int unlock = 0;
  if (ioctl(master, TIOCSPTLCK, &unlock) != 0) return s.failed("unlock the terminal");
  s.tty = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (s.tty < 0) return s.failed("open the terminal");
  const auto size = static_cast<uint32_t>(s.plan.number(Tag::kTtySize, 0));
  if (size != 0) {
    winsize window{};
    window.ws_col = static_cast<unsigned short>(size >> 16U);
    window.ws_row = static_cast<unsigned short>(size & 0xffffU);
    (void)ioctl(master, TIOCSWINSZ, &window);  // a wrong size is no reason not to start
  }
  NoteMessage note;
  note.note = Note::kTty;
  if (!send_note(s.channel, note, master)) return s.failed("hand over the terminal");
  close(master);
  return true;
}

}  // namespace appliance::stage
