// Door between the API server and the kubelet for what streams: logs, exec, attach. The kubelet of this process
// implements it; a kubelet of another machine will be reached over HTTPS behind the same interface. Calls return at
// once or after a few ms; streaming happens on threads of the implementation. All methods thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace appliance::orchestrator::client {

struct LogOptions {
  std::string container;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  std::optional<base::WallTime> since;
  std::optional<int64_t> tail_lines;
  std::optional<int64_t> limit_bytes;
};

// Where bytes go. write() false = the reader is gone, stop. Implementations bound their queue; a producer that sees
// bytes_queued() above kSinkHighWater waits (polls drained()) instead of piling up.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // The log was found, its bytes will come some day: a follower of a silent container sees that it is connected. May be
  // called before the first write(), from logs() or later; an error can still come, through finish().
  virtual void begin() {}
  virtual bool write(std::string bytes) = 0;
  virtual void finish(std::optional<Error> error) = 0;  // exactly once
  [[nodiscard]] virtual bool closed() const = 0;
  [[nodiscard]] virtual size_t bytes_queued() const = 0;
};
inline constexpr size_t kSinkHighWater = 1024U * 1024;

struct ExecRequest {
  std::string ns;
  std::string pod;
  std::string container;
  std::vector<std::string> command;  // empty with attach
  bool attach = false;
  bool stdin_open = false;
  bool stdout_open = true;
  bool stderr_open = true;
  bool tty = false;
};

// The client's side of a running exec, implemented by the API server. Called on kubelet threads.
class ExecPeer {
 public:
  virtual ~ExecPeer() = default;
  virtual bool on_stdout(std::string bytes) = 0;  // false = gone
  virtual bool on_stderr(std::string bytes) = 0;
  virtual void on_exit(int exit_code) = 0;        // last call; all output was delivered before
  virtual void on_error(const Error& error) = 0;  // or this one
  [[nodiscard]] virtual size_t bytes_queued() const = 0;
};

// The process's side, implemented by the kubelet. Dropping it ends the session (stdin closed, terminal hung up).
class ExecSession {
 public:
  virtual ~ExecSession() = default;
  virtual bool write_stdin(std::string bytes) = 0;  // queues; false = nobody reads
  [[nodiscard]] virtual size_t stdin_bytes_queued() const = 0;
  virtual void close_stdin() = 0;  // after what was queued
  virtual void resize(uint16_t width, uint16_t height) = 0;
};

class NodeStreams {
 public:
  virtual ~NodeStreams() = default;
  // Errors before the first byte: kNotFound, kInvalidArgument with the kubelet's text
  // (`container "c" in pod "p" is waiting to start: ContainerCreating`).
  virtual Result<> logs(const std::string& ns, const std::string& pod, const LogOptions& options,
                        std::shared_ptr<ByteSink> sink) = 0;
  virtual Result<std::shared_ptr<ExecSession>> exec(const ExecRequest& request, std::shared_ptr<ExecPeer> peer) = 0;
};

}  // namespace appliance::orchestrator::client
