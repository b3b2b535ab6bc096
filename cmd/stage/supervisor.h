// The supervisor of one pod: one thread, one epoll. It holds the pod's namespaces by living in them, is the parent of
// every container and exec'ed process, owns their stdio, log and exit, and answers the server
// (runtime/stage/protocol.h). It outlives the server and holds no secret: plans live in memfds that only the process
// being set up keeps.
#pragma once

#include "runtime/stage/plan.h"
#include "runtime/stage/protocol.h"
#include "stage/channel.h"
#include "stage/log_file.h"
#include "stage/setup.h"

namespace appliance::stage {

using runtime::stage::Reply;
using runtime::stage::ReplyKind;
using runtime::stage::Request;

struct Client {
  int fd = -1;
  bool watching = false;
};

struct Container {
  bool used = false;
  int pid = 0;
  int channel = -1;  // open until exec has happened
  int client = -1;   // who waits for the start
  bool failed = false;
  int stdin_keep = -1;  // the write end, until somebody attaches
  int tty = -1;
  int group = -1;
  int oom = -1;
  Stream out, err;
  LogFile log;
  Reply state;
};

struct Exec {
  bool used = false;
  int helper_pid = 0;  // enters the namespaces, ends at once
  int pid = 0;
  int channel = -1;
  int client = -1;  // who waits for the start
  int waiter = -1;
  int tty = -1;
  bool failed = false;
  bool ended = false;
  uint64_t number = 0;  // the order of starts
  Reply result;
};

enum class Source : uint32_t { kListen = 1, kSignal, kClient, kOut, kErr, kContainerChannel, kExecChannel };

struct Supervisor {
  int epoll = -1, listen = -1, signals = -1, journal = -1;
  int pause_pid = 0;  // pid 1 of a shared pid namespace
  bool ending = false;
  uint64_t execs_started = 0;
  Client clients[runtime::stage::kClientsMax];
  Container containers[runtime::stage::kContainersMax];
  Exec execs[runtime::stage::kExecsMax];

  bool watch(int fd, Source source, unsigned index, uint32_t events = 1 /* EPOLLIN */);
  // Answers and forgets the client; -1 is nobody.
  void reply(int& client, const Reply& reply, int fd = -1);
  void reply_error(int& client, int error, std::string_view text);
  void tell_watchers(const Reply& state);
  void close_client(unsigned index);
  Container* container(const char* id);
  Exec* exec(const char* id);
};

// sandbox.cc: makes the pod's namespaces around this process. Ends the process with a note when it cannot.
void make_sandbox(Supervisor& supervisor, const Plan& plan, int channel, const int* procs, unsigned procs_count);
// containers.cc
void start_container(Supervisor&, unsigned client, const Request&, int* fds, unsigned count);
void on_container_channel(Supervisor&, Container&);
void on_container_exit(Supervisor&, Container&, int code, int signal);
void on_output(Supervisor&, Container&, Stream&);
// execs.cc
void start_exec(Supervisor&, unsigned client, const Request&, int* fds, unsigned count);
void on_exec_channel(Supervisor&, Exec&);
void on_exec_exit(Supervisor&, Exec&, int code, int signal);
void answer_waiter(Supervisor&, Exec&);
// supervisor.cc
[[noreturn]] void run_supervisor(int channel, int plan_fd, const int* procs, unsigned procs_count);
// Maps a sealed plan; nullptr with errno. Parse problems are told in `why`.
bool open_plan(int fd, Plan& plan, const char*& why);
void close_plan();
int64_t wall_ns();
// In a new child of the supervisor: nothing of the supervisor's but what `keep` lists stays open.
void shed(Supervisor& supervisor);

}  // namespace appliance::stage
