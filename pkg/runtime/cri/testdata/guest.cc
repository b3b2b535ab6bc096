// guest: what containers of the tests run. One static program with many small commands, so that an image is one file.
//   guest echo TEXT… | err TEXT | exit N | wait | deaf | count | id | cat [FILE] | write FILE TEXT | open FILE | call
//   NAME |
//         eat MIB | fork N | tty | flood BYTES | ls DIR | pid | env NAME | orphan
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

int say(long result) {
  printf("%s\n", result < 0 ? strerror(errno) : "ok");
  return result < 0 ? 1 : 0;
}

void ended(int) { _exit(0); }

int wait_for_term() {
  signal(SIGTERM, ended);
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}

// Runs until /tmp/gate holds an exit code, or SIGTERM.
int gate() {
  signal(SIGTERM, ended);
  for (;;) {
    const int fd = open("/tmp/gate", O_RDONLY);
    char text[16] = {};
    if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) return atoi(text);
    if (fd >= 0) close(fd);
    const timespec pause_time{0, 5'000'000};
    nanosleep(&pause_time, nullptr);
  }
}

int count() {
  for (long i = 0;; ++i) {
    char line[32];
    const int n = snprintf(line, sizeof line, "%ld\n", i);
    if (write(1, line, static_cast<size_t>(n)) != n) return 1;
    const timespec pause_time{0, 1'000'000};
    nanosleep(&pause_time, nullptr);
  }
}

int cat(const char* path) {
  const int fd = path == nullptr ? 0 : open(path, O_RDONLY);
  if (fd < 0) return say(-1);
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) (void)!write(1, buffer, static_cast<size_t>(n));
  return 0;
}

int id() {
  gid_t groups[64];
  const int n = getgroups(64, groups);
  printf("uid=%d gid=%d groups=", getuid(), getgid());
  for (int i = 0; i < n; ++i) printf("%s%d", i > 0 ? "," : "", groups[i]);
  char cwd[256];
  printf(" cwd=%s home=%s\n", getcwd(cwd, sizeof cwd), getenv("HOME"));
  return 0;
}

int call(const char* name) {
  if (strcmp(name, "unshare") == 0) return say(unshare(CLONE_NEWUSER));
  if (strcmp(name, "clone") == 0) return say(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  if (strcmp(name, "clone3") == 0) return say(syscall(SYS_clone3, nullptr, 0));
  if (strcmp(name, "mount") == 0) return say(mount("none", "/tmp", "tmpfs", 0, nullptr));
  if (strcmp(name, "vsock") == 0) return say(socket(40, SOCK_STREAM, 0));
  if (strcmp(name, "inet") == 0) return say(socket(AF_INET, SOCK_STREAM, 0));
  if (strcmp(name, "keyctl") == 0) return say(syscall(SYS_keyctl, 0, -3, 0));
  if (strcmp(name, "personality") == 0) return say(syscall(SYS_personality, 0x40000));
  if (strcmp(name, "mknod") == 0) {
    if (mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)) != 0) return say(-1);
    return say(open("/tmp/disk", O_RDONLY));
  }
  return 2;
}

int eat(long mib) {
  for (long i = 0; i < mib; ++i) {
    void* at = mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return say(-1);
    memset(at, 1, 1 << 20);
  }
  puts("full");
  return 0;
}

int fork_many(long n) {
  for (long i = 0; i < n; ++i) {
    const pid_t pid = fork();
    if (pid < 0) return say(-1);
    if (pid == 0) {
      for (;;) pause();
    }
  }
  return say(0);
}

int tty() {
  winsize size{};
  if (!isatty(0) || ioctl(0, TIOCGWINSZ, &size) != 0) return say(-1);
  printf("%dx%d %s\n", size.ws_col, size.ws_row, ttyname(0));
  fflush(stdout);
  char line[256];
  while (fgets(line, sizeof line, stdin) != nullptr) {
    if (ioctl(0, TIOCGWINSZ, &size) == 0) printf("%dx%d got %s", size.ws_col, size.ws_row, line);
    fflush(stdout);
    if (strcmp(line, "quit\n") == 0) return 5;
  }
  return 0;
}

int flood(long bytes) {
  static char block[65536];
  long written = 0;
  long number = 0;
  while (written < bytes) {
    size_t used = 0;
    while (used + 24 < sizeof block) used += static_cast<size_t>(snprintf(block + used, 24, "%019ld\n", number++));
    for (size_t at = 0; at < used;) {
      const ssize_t n = write(1, block + at, used - at);
      if (n < 0) return 1;
      at += static_cast<size_t>(n);
    }
    written += static_cast<long>(used);
  }
  return 0;
}

int list(const char* path) {
  DIR* dir = opendir(path);
  if (dir == nullptr) return say(-1);
  while (const dirent* entry = readdir(dir)) puts(entry->d_name);
  return 0;
}

int orphan() {
  if (fork() == 0) {
    if (fork() == 0) {
      for (;;) pause();
    }
    _exit(0);
  }
  wait(nullptr);
  return 3;
}

}  // namespace

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  const char* arg = argc > 2 ? argv[2] : nullptr;
  const auto is = [&](const char* name) { return strcmp(what, name) == 0; };
  if (is("echo")) {
    for (int i = 2; i < argc; ++i) printf("%s%s", i > 2 ? " " : "", argv[i]);
    puts("");
    return 0;
  }
  if (is("err")) return fprintf(stderr, "%s\n", arg) < 0 ? 1 : 0;
  if (is("exit")) return atoi(arg);
  if (is("wait")) return wait_for_term();
  if (is("deaf")) {
    signal(SIGTERM, SIG_IGN);
    puts("ready");
    fflush(stdout);
    for (;;) pause();
  }
  if (is("gate")) return gate();
  if (is("count")) return count();
  if (is("id")) return id();
  if (is("cat")) return cat(arg);
  if (is("write")) {
    const int fd = open(arg, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd < 0) return say(-1);
    return say(write(fd, argv[3], strlen(argv[3])));
  }
  if (is("open")) return say(open(arg, O_RDWR));
  if (is("call")) return call(arg);
  if (is("eat")) return eat(atol(arg));
  if (is("fork")) return fork_many(atol(arg));
  if (is("tty")) return tty();
  if (is("flood")) return flood(atol(arg));
  if (is("ls")) return list(arg);
  if (is("pid")) return printf("%d\n", getpid()) < 0 ? 1 : 0;
  if (is("env")) return puts(getenv(arg) == nullptr ? "(unset)" : getenv(arg)) < 0 ? 1 : 0;
  if (is("orphan")) return orphan();
  if (is("jail")) return mkdir(arg, 0755) == 0 && chroot(arg) == 0 ? wait_for_term() : say(-1);
  if (is("segv")) return raise(SIGSEGV);
  return 2;
}
