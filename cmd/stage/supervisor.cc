#include "stage/supervisor.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

namespace appliance::stage {
namespace {

using namespace runtime::stage;

// In zeroed memory, so that slots never used cost neither file nor memory; a slot is constructed when it is taken.
alignas(Supervisor) char self_storage[sizeof(Supervisor)];
Supervisor& self = *reinterpret_cast<Supervisor*>(self_storage);
std::string_view mapped_plan;

// The terminal that a process has as one of its stdio. An exec's master is the server's alone, so that closing it hangs
// up.
int terminal_of(pid_t pid) {
  int process = pid > 0 ? pidfd_open(pid) : -1;
  int found = -1;
  for (int fd = 0; process >= 0 && fd < 3 && found < 0; ++fd) {
    found = static_cast<int>(syscall(SYS_pidfd_getfd, process, fd, 0));
    if (found >= 0 && !isatty(found)) close_fd(found);
  }
  close_fd(process);
  return found;
}

void handle(unsigned client, const Request& request, int* fds, unsigned count) {
  int who = static_cast<int>(client);
  Reply done;
  done.kind = static_cast<uint16_t>(ReplyKind::kReply);
  switch (static_cast<Verb>(request.verb)) {
    case Verb::kHello:
      done.pid = getpid();
      self.reply(who, done);
      return;
    case Verb::kStart:
      start_container(self, client, request, fds, count);
      return;
    case Verb::kExec:
      start_exec(self, client, request, fds, count);
      return;
    case Verb::kSignal: {
      const Container* c = self.container(request.id);
      if (c == nullptr || c->pid == 0 || kill(c->pid, request.number) != 0) {
        self.reply_error(who, ESRCH, "container is not running");
      } else {
        self.reply(who, done);
      }
      return;
    }
    case Verb::kSignalExec: {
      const Exec* e = self.exec(request.id);
      if (e == nullptr || e->pid == 0 || kill(e->pid, request.number) != 0) {
        self.reply_error(who, ESRCH, "process is not running");
      } else {
        self.reply(who, done);
      }
      return;
    }
    case Verb::kWaitExec: {
      Exec* e = self.exec(request.id);
      if (e == nullptr || e->waiter >= 0) {
        self.reply_error(who, ENOENT, "no such process");
        return;
      }
      e->waiter = who;
      if (e->ended) answer_waiter(self, *e);
      return;
    }
    case Verb::kResize: {
      const Container* c = self.container(request.id);
      const Exec* e = self.exec(request.id);
      int tty = c != nullptr ? fcntl(c->tty, F_DUPFD_CLOEXEC, 3) : e != nullptr ? terminal_of(e->pid) : -1;
      winsize size{};
      size.ws_col = static_cast<unsigned short>(static_cast<uint32_t>(request.number) >> 16U);
      size.ws_row = static_cast<unsigned short>(static_cast<uint32_t>(request.number) & 0xffffU);
      if (tty < 0 || ioctl(tty, TIOCSWINSZ, &size) != 0) {
        self.reply_error(who, ENOTTY, "it has no terminal");
      } else {
        self.reply(who, done);
      }
      close_fd(tty);
      return;
    }
    case Verb::kWatch:
      self.clients[client].watching = true;
      for (const Container& c : self.containers) {
        if (c.used && !c.failed && (c.state.flags & (kRunning | kExited)) != 0) {
          (void)send_with_fds(self.clients[client].fd, &c.state, sizeof c.state, nullptr, 0, MSG_DONTWAIT);
        }
      }
      (void)send_with_fds(self.clients[client].fd, &done, sizeof done, nullptr, 0, MSG_DONTWAIT);
      return;
    case Verb::kForget: {
      Container* c = self.container(request.id);
      if (c != nullptr && c->pid != 0) {
        self.reply_error(who, EBUSY, "container is running");
        return;
      }
      if (c != nullptr) c->used = false;
      self.reply(who, done);
      return;
    }
    case Verb::kShutdown:
      for (const Container& c : self.containers) {
        if (c.used && c.pid != 0) (void)kill(c.pid, SIGKILL);
      }
      for (const Exec& e : self.execs) {
        if (e.used && e.pid != 0) (void)kill(e.pid, SIGKILL);
      }
      self.ending = true;
      self.reply(who, done);
      return;
  }
  self.reply_error(who, ENOSYS, "this supervisor is older than the request");
}

void on_client(unsigned index) {
  Request request;
  int fds[kFdsMax];
  unsigned count = 0;
  const long n = receive_with_fds(self.clients[index].fd, &request, sizeof request, fds, kFdsMax, count, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    self.close_client(index);
    return;
  }
  int who = static_cast<int>(index);
  request.id[kIdBytes - 1] = request.id2[kIdBytes - 1] = '\0';
  if (n != static_cast<long>(sizeof request) || request.magic != kWireMagic || request.version == 0) {
    self.reply_error(who, EPROTO, "not a request");
  } else if (request.version > kWireVersion) {
    self.reply_error(who, EPROTONOSUPPORT, "this supervisor is older than the request");
  } else {
    handle(index, request, fds, count);
  }
  for (unsigned i = 0; i < count; ++i) close(fds[i]);
}

void on_listen() {
  const int fd = accept4(self.listen, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != 0) {
    close(fd);
    return;
  }
  for (unsigned i = 0; i < kClientsMax; ++i) {
    if (self.clients[i].fd >= 0) continue;
    self.clients[i].fd = fd;
    self.clients[i].watching = false;
    self.watch(fd, Source::kClient, i);
    return;
  }
  close(fd);
}

void on_exit_of(pid_t pid, int code, int signal) {
  for (Container& c : self.containers) {
    if (c.used && c.pid == pid) return on_container_exit(self, c, code, signal);
  }
  for (Exec& e : self.execs) {
    if (!e.used) continue;
    if (e.helper_pid == pid) {
      e.helper_pid = 0;
      on_exec_channel(self, e);
      if (e.failed && e.pid == 0) on_exec_exit(self, e, code, signal);
      return;
    }
    if (e.pid == pid) return on_exec_exit(self, e, code, signal);
  }
}

void on_signals() {
  signalfd_siginfo info;
  while (read(self.signals, &info, sizeof info) == sizeof info) {
  }
  for (;;) {
    siginfo_t dead{};
    // Seen first, reaped after: an exec's pid may be in a note that is not read yet.
    if (waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) != 0 || dead.si_pid == 0) return;
    for (Exec& e : self.execs) {
      if (e.used && e.channel >= 0) on_exec_channel(self, e);
    }
    const bool killed = dead.si_code != CLD_EXITED;
    on_exit_of(dead.si_pid, killed ? 128 + dead.si_status : dead.si_status, killed ? dead.si_status : 0);
    (void)waitid(P_PID, static_cast<id_t>(dead.si_pid), &dead, WEXITED | WNOHANG);
  }
}

bool open_doors() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  self.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  self.epoll = epoll_create1(EPOLL_CLOEXEC);
  self.journal = open("journal", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  self.listen = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, "sock", 5);
  umask(0177);
  const bool bound = self.listen >= 0 &&
                     bind(self.listen, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     ::listen(self.listen, 64) == 0;
  umask(022);
  return bound && self.signals >= 0 && self.journal >= 0 && self.epoll >= 0 &&
         self.watch(self.listen, Source::kListen, 0) && self.watch(self.signals, Source::kSignal, 0);
}

void dispatch(const epoll_event& event) {
  const auto index = static_cast<unsigned>(event.data.u64 & 0xffffffffU);
  switch (static_cast<Source>(event.data.u64 >> 32U)) {
    case Source::kListen:
      return on_listen();
    case Source::kSignal:
      return on_signals();
    case Source::kClient:
      if (self.clients[index].fd >= 0) on_client(index);
      return;
    case Source::kOut:
      return on_output(self, self.containers[index], self.containers[index].out);
    case Source::kErr:
      return on_output(self, self.containers[index], self.containers[index].err);
    case Source::kContainerChannel:
      return on_container_channel(self, self.containers[index]);
    case Source::kExecChannel:
      return on_exec_channel(self, self.execs[index]);
  }
}

bool anything_runs() {
  for (const Container& c : self.containers) {
    if (c.used && c.pid != 0) return true;
  }
  return false;
}

}  // namespace

bool Supervisor::watch(int fd, Source source, unsigned index, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(source) << 32U | index;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Supervisor::reply(int& client, const Reply& reply, int fd) {
  if (client < 0) return;
  Reply out = reply;
  out.kind = static_cast<uint16_t>(ReplyKind::kReply);
  (void)send_with_fds(clients[client].fd, &out, sizeof out, &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT);
  client = -1;
}

void Supervisor::reply_error(int& client, int error, std::string_view text) {
  Reply out;
  out.error = error;
  copy_text(out.text, sizeof out.text, text);
  reply(client, out);
}

void Supervisor::tell_watchers(const Reply& state) {
  for (unsigned i = 0; i < kClientsMax; ++i) {
    if (clients[i].fd < 0 || !clients[i].watching) continue;
    if (!send_with_fds(clients[i].fd, &state, sizeof state, nullptr, 0, MSG_DONTWAIT))
      close_client(i);  // it lists again
  }
}

void Supervisor::close_client(unsigned index) {
  close_fd(clients[index].fd);
  clients[index].watching = false;
  const int who = static_cast<int>(index);
  for (Container& c : containers) {
    if (c.client == who) c.client = -1;
  }
  for (Exec& e : execs) {
    if (e.client == who) e.client = -1;
    if (e.waiter == who) e.waiter = -1;
  }
}

Container* Supervisor::container(const char* id) {
  for (Container& c : containers) {
    if (c.used && strcmp(c.state.id, id) == 0) return &c;
  }
  return nullptr;
}

Exec* Supervisor::exec(const char* id) {
  for (Exec& e : execs) {
    if (e.used && strcmp(e.result.id, id) == 0) return &e;
  }
  return nullptr;
}

int64_t wall_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

bool open_plan(int fd, Plan& plan, const char*& why) {
  struct stat st;
  const int seals = fcntl(fd, 1034 /* F_GET_SEALS */);
  if (seals < 0 || (seals & 0x2) == 0 || fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > kPlanBytesMax) {
    why = "plan: not a sealed memfd of a sane size";
    return false;
  }
  void* at = mmap(nullptr, static_cast<size_t>(st.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) {
    why = "plan: cannot be mapped";
    return false;
  }
  mapped_plan = {static_cast<const char*>(at), static_cast<size_t>(st.st_size)};
  why = Plan::parse(mapped_plan, plan);
  if (why != nullptr) close_plan();
  return why == nullptr;
}

void close_plan() {
  if (!mapped_plan.empty()) munmap(const_cast<char*>(mapped_plan.data()), mapped_plan.size());
  mapped_plan = {};
}

void run_supervisor(int channel, int plan_fd, const int* procs, unsigned procs_count) {
  Plan plan;
  const char* why = nullptr;
  Setup s;  // for give_up
  s.channel = channel;
  errno = 0;
  if (!open_plan(plan_fd, plan, why) || plan.kind() != PlanKind::kSandbox) {
    s.failed(why != nullptr ? why : "not a plan of a sandbox");
    give_up(s, "plan");
  }
  close(plan_fd);
  for (Client& client : self.clients) client = Client{};
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  prctl(PR_SET_NAME, "pod-supervisor", 0, 0, 0);
  make_sandbox(self, plan, channel, procs, procs_count);
  close_plan();
  if (!open_doors()) {
    s.failed("open the pod's socket and journal");
    give_up(s, "doors");
  }
  NoteMessage ready;
  ready.note = Note::kPid;
  ready.number = getpid();
  (void)send_note(channel, ready, -1);  // a server that is gone finds us by our socket
  close(channel);
  while (!self.ending || anything_runs()) {
    epoll_event events[32];
    const int n = epoll_wait(self.epoll, events, 32, -1);
    for (int i = 0; i < n; ++i) dispatch(events[i]);
  }
  if (self.pause_pid > 0) (void)kill(self.pause_pid, SIGKILL);
  (void)unlink("sock");  // the pod's folder goes with the pod
  _exit(0);
}

}  // namespace appliance::stage
