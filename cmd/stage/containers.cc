// Containers of the pod: start, output, exit.
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "stage/supervisor.h"

namespace appliance::stage {
namespace {

using namespace runtime::stage;

// A container whose processes hold the pipe open could write on for ever; what was written before the exit fits in a
// pipe.
constexpr size_t kDrainBytesMax = 4UL << 20U;

struct Ends {
  int child[3] = {-1, -1, -1};
  int in = -1, out = -1, err = -1;
};

bool make_pipe(int& read_end, int& write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  read_end = ends[0];
  write_end = ends[1];
  return true;
}

bool make_stdio(const Plan& plan, Ends& ends) {
  if (plan.flag(kFlagTty)) return true;
  if (plan.flag(kFlagStdinOpen)) {
    if (!make_pipe(ends.child[0], ends.in)) return false;
  } else if ((ends.child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) {
    return false;
  }
  return make_pipe(ends.out, ends.child[1]) && make_pipe(ends.err, ends.child[2]) &&
         fcntl(ends.out, F_SETFL, O_NONBLOCK) == 0 && fcntl(ends.err, F_SETFL, O_NONBLOCK) == 0;
}

void close_ends(Ends& ends) {
  for (int& fd : ends.child) close_fd(fd);
  close_fd(ends.in);
  close_fd(ends.out);
  close_fd(ends.err);
}

void release(Container& c) {
  c.out.close(c.log);
  c.err.close(c.log);
  c.log.close();
  close_fd(c.channel);
  close_fd(c.stdin_keep);
  close_fd(c.tty);
  close_fd(c.group);
  close_fd(c.oom);
  c.pid = 0;
}

bool read_oom(const Container& c) {
  char text[512];
  int fd = -1;
  ssize_t n = -1;
  if (c.oom >= 0) {
    n = pread(c.oom, text, sizeof text - 1, 0);
  } else if (c.group >= 0 && (fd = openat(c.group, "memory.events", O_RDONLY | O_CLOEXEC)) >= 0) {
    n = read(fd, text, sizeof text - 1);
  }
  close_fd(fd);
  if (n <= 0) return false;
  text[n] = '\0';
  const char* at = strstr(text, "oom_kill ");  // "oom_kill_disable 0" does not match
  return at != nullptr && at[9] != '0';
}

[[noreturn]] void child(Supervisor& supervisor, const Plan& plan, int channel, const Ends& ends, const int* procs,
                        unsigned count) {
  Setup s;
  (void)supervisor;
  s.plan = plan;
  s.channel = channel;
  for (int i = 0; i < 3; ++i) s.stdio[i] = ends.child[i];
  for (unsigned i = 0; i < count && i < sizeof s.procs / sizeof s.procs[0]; ++i) s.procs[s.procs_count++] = procs[i];
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  run_container(s);
}

void journal(Supervisor& supervisor, const Reply& state) {
  // Before anybody is told. A full disk: the server that is alive still hears of it.
  (void)!write(supervisor.journal, &state, sizeof state);
  (void)fdatasync(supervisor.journal);
}

void started(Supervisor& supervisor, Container& c) {
  close_fd(c.channel);
  c.state.flags |= kRunning;
  c.state.pid = c.pid;
  c.state.started_ns = wall_ns();
  journal(supervisor, c.state);
  Reply answer = c.state;
  answer.kind = static_cast<uint16_t>(ReplyKind::kReply);
  supervisor.reply(c.client, answer);
  c.state.flags &= ~uint32_t(kWarning);
  c.state.text[0] = '\0';
  supervisor.tell_watchers(c.state);
}

void start_failed(Supervisor& supervisor, Container& c, const NoteMessage& note) {
  supervisor.reply_error(c.client, note.number != 0 ? note.number : EINVAL, note.text);
  c.failed = true;  // its exit follows, and frees the slot
  close_fd(c.channel);
}

}  // namespace

void start_container(Supervisor& supervisor, unsigned client, const Request& request, int* fds, unsigned count) {
  int who = static_cast<int>(client);
  Container* c = nullptr;
  for (Container& slot : supervisor.containers) {
    if (!slot.used) {
      c = &slot;
      break;
    }
  }
  const unsigned fixed = 2U + ((request.flags & kHasGroup) != 0 ? 1U : 0U) + ((request.flags & kHasOom) != 0 ? 1U : 0U);
  if (c == nullptr || count < fixed || supervisor.container(request.id) != nullptr || request.id[0] == '\0') {
    supervisor.reply_error(who, c == nullptr ? ENOSPC : EINVAL,
                           c == nullptr ? "too many containers in this pod" : "bad start request");
    return;
  }
  Plan plan;
  const char* why = nullptr;
  if (!open_plan(fds[0], plan, why) || plan.kind() != PlanKind::kContainer || plan.text(Tag::kLogName) == nullptr) {
    supervisor.reply_error(who, EINVAL, why != nullptr ? why : "not a plan of a container");
    return;
  }
  *c = Container{};
  unsigned next = 2;
  if ((request.flags & kHasGroup) != 0) c->group = fcntl(fds[next++], F_DUPFD_CLOEXEC, 3);
  if ((request.flags & kHasOom) != 0) c->oom = fcntl(fds[next++], F_DUPFD_CLOEXEC, 3);
  Ends ends;
  int pair[2] = {-1, -1};
  const char* step = nullptr;
  if (!c->log.open(fcntl(fds[1], F_DUPFD_CLOEXEC, 3), plan.text(Tag::kLogName))) {
    step = "open the log";
  } else if (!make_stdio(plan, ends)) {
    step = "make pipes";
  } else if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    step = "make the set-up channel";
  }
  pid_t pid = -1;
  if (step == nullptr) {
    CloneArgs args{};
    args.flags = CLONE_NEWNS;
    args.exit_signal = SIGCHLD;
    if (!plan.flag(kFlagHostPid) && !plan.flag(kFlagSharedPid)) args.flags |= CLONE_NEWPID;
    if (c->group >= 0) {
      args.flags |= kCloneIntoCgroup;
      args.cgroup = static_cast<uint64_t>(c->group);
    }
    pid = clone3(args);
    if (pid == 0) child(supervisor, plan, pair[1], ends, fds + next, count - next);
    if (pid < 0) step = "clone";
  }
  const int error = errno;
  close_plan();
  close_fd(pair[1]);
  if (step != nullptr) {
    close_fd(pair[0]);
    close_ends(ends);
    release(*c);
    Text<kTextBytes> text;
    supervisor.reply_error(who, error, text.add(step).add(": ").add(strerror(error)).view());
    return;
  }
  c->used = true;
  c->pid = pid;
  c->client = who;
  c->channel = pair[0];
  c->stdin_keep = ends.in;
  c->state.kind = static_cast<uint16_t>(ReplyKind::kState);
  copy_text(c->state.id, sizeof c->state.id, request.id);
  for (int& fd : ends.child) close_fd(fd);
  const auto index = static_cast<unsigned>(c - supervisor.containers);
  if (ends.out >= 0 && c->out.open(ends.out, "stdout")) supervisor.watch(ends.out, Source::kOut, index);
  if (ends.err >= 0 && c->err.open(ends.err, "stderr")) supervisor.watch(ends.err, Source::kErr, index);
  supervisor.watch(c->channel, Source::kContainerChannel, index);
}

void on_container_channel(Supervisor& supervisor, Container& c) {
  while (c.channel >= 0) {
    NoteMessage note;
    int fd = -1;
    const int got = receive_note(c.channel, note, fd);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      started(supervisor, c);
      return;
    }
    note.text[sizeof note.text - 1] = '\0';
    switch (note.note) {
      case Note::kFailed:
        start_failed(supervisor, c, note);
        break;
      case Note::kWarning:
        c.state.flags |= kWarning;
        copy_text(c.state.text, sizeof c.state.text, note.text);
        break;
      case Note::kTty:
        c.tty = fd;
        fd = fcntl(c.tty, F_DUPFD_CLOEXEC, 3);
        fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
        if (c.out.open(fd, "stdout")) {
          supervisor.watch(fd, Source::kOut, static_cast<unsigned>(&c - supervisor.containers));
          fd = -1;
        }
        break;
      case Note::kPid:
        break;
    }
    close_fd(fd);
  }
}

void on_output(Supervisor& supervisor, Container& c, Stream& stream) {
  (void)supervisor;
  constexpr size_t kTurnBytes = 1UL << 20U;  // so that one loud container does not keep the others waiting
  if (!stream.pump(c.log, kTurnBytes)) stream.close(c.log);
}

void on_container_exit(Supervisor& supervisor, Container& c, int code, int signal) {
  on_container_channel(supervisor, c);  // whatever it said last, or the end of file that means exec
  if (c.failed) {
    release(c);
    c.used = false;
    return;
  }
  if (c.group >= 0) (void)write_at(c.group, "cgroup.kill", "1");  // what shared the pid namespace and stayed behind
  if (!c.out.pump(c.log, kDrainBytesMax)) c.out.close(c.log);
  if (!c.err.pump(c.log, kDrainBytesMax)) c.err.close(c.log);
  c.state.flags &= ~uint32_t(kRunning);
  c.state.flags |= kExited;
  c.state.exit_code = code;
  c.state.signal = signal;
  c.state.finished_ns = wall_ns();
  if (code != 0 && read_oom(c)) c.state.flags |= kOomKilled;
  release(c);
  journal(supervisor, c.state);
  supervisor.tell_watchers(c.state);
}

}  // namespace appliance::stage
