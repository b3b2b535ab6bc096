#include "orchestrator/kubelet/probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "base/fd.h"
#include "base/strings.h"
#include "net/http/client.h"

namespace appliance::orchestrator::kubelet {
namespace {

using SteadyClock = std::chrono::steady_clock;  // socket deadlines are the kernel's business, not the test's clock
using Deadline = SteadyClock::time_point;

int left_ms(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  return static_cast<int>(std::max<long>(0, left));
}

Result<> wait_for(int fd, short events, Deadline deadline, const std::string& what) {
  pollfd entry{fd, events, 0};
  for (;;) {
    const int n = ::poll(&entry, 1, left_ms(deadline));
    if (n > 0) return {};
    if (n == 0) return fail(Code::kDeadlineExceeded, what + ": i/o timeout");
    if (errno != EINTR) return fail_errno(what);
  }
}

Result<base::Fd> connect_to(const std::string& host, int port, Deadline deadline) {
  const std::string what = "dial tcp " + host + ":" + std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return fail(Code::kUnavailable, what + ": no such host");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, ::freeaddrinfo);
  base::Fd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(what);
  if (::connect(fd.get(), found->ai_addr, found->ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return fail_errno(what + ": connect");
    TRY(wait_for(fd.get(), POLLOUT, deadline, what));
    int error = 0;
    socklen_t size = sizeof error;
    (void)::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(Code::kUnavailable, what + ": connect: " + base::to_lower(std::strerror(error)));
  }
  return fd;
}

Result<> send_all(int fd, std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd, POLLOUT, deadline, "write"));
    } else if (errno != EINTR) {
      return fail_errno("write");
    }
  }
  return {};
}

Result<std::string> read_some(int fd, Deadline deadline) {
  std::string out;
  char buffer[4096];
  while (out.size() < kProbeBodyBytesMax) {
    const auto n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n == 0) break;
    if (n > 0) {
      out.append(buffer, static_cast<size_t>(n));
      if (out.find("\r\n\r\n") != std::string::npos) break;  // the head decides
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd, POLLIN, deadline, "read"));
    } else if (errno != EINTR) {
      return fail_errno("read");
    }
  }
  return out;
}

Result<int> http_status(const Handler& h, const std::string& host, Deadline deadline) {
  const base::Fd fd = TRY(connect_to(host, h.port, deadline));
  std::string request = "GET " + h.path + " HTTP/1.1\r\n";
  bool agent = false;
  bool host_header = false;
  bool accept = false;
  std::string rest;
  for (const auto& [name, value] : h.headers) {
    const std::string lower = base::to_lower(name);
    if (name.find_first_of("\r\n") != std::string::npos || value.find_first_of("\r\n") != std::string::npos) continue;
    agent = agent || lower == "user-agent";
    host_header = host_header || lower == "host";
    accept = accept || lower == "accept";
    rest += name + ": " + value + "\r\n";
  }
  if (!host_header) request += "Host: " + host + ':' + std::to_string(h.port) + "\r\n";
  if (!agent) request += "User-Agent: " + std::string(kProbeUserAgent) + "\r\n";
  if (!accept) request += "Accept: */*\r\n";
  request += rest + "Connection: close\r\n\r\n";
  TRY(send_all(fd.get(), request, deadline));
  const std::string answer = TRY(read_some(fd.get(), deadline));
  if (!answer.starts_with("HTTP/1.") || answer.size() < 12) return fail(Code::kUnavailable, "malformed HTTP response");
  const auto status = base::parse_int<int>(std::string_view(answer).substr(9, 3));
  if (!status) return fail(Code::kUnavailable, "malformed HTTP status code");
  return *status;
}

Result<int> https_status(const Handler& h, const std::string& host, std::chrono::milliseconds timeout) {
  net::http::ClientOptions options;
  options.base_url = "https://" + host + ":" + std::to_string(h.port);
  options.connect_timeout = timeout;
  options.read_timeout = timeout;
  options.insecure_skip_verify = true;  // as Kubernetes: a probe asks for health, not identity
  net::http::Client client(std::move(options));
  net::http::ClientRequest request;
  request.path = h.path;
  request.body_bytes_max = kProbeBodyBytesMax * 100;
  for (const auto& [name, value] : h.headers) request.headers.add(name, value);
  if (!request.headers.has("user-agent")) request.headers.add("User-Agent", std::string(kProbeUserAgent));
  return TRY(client.send(std::move(request))).status;
}

HandlerResult run_http(const Handler& h, const std::string& host, std::chrono::milliseconds timeout) {
  const bool tls = h.scheme == "HTTPS";
  const auto status = tls ? https_status(h, host, timeout) : http_status(h, host, SteadyClock::now() + timeout);
  if (!status)
    return {false, std::string("Get \"") + (tls ? "https" : "http") + "://" + host + ':' + std::to_string(h.port) +
                       h.path + "\": " + status.error().message};
  if (*status >= 200 && *status < 400) return {true, {}};
  return {false, "HTTP probe failed with statuscode: " + std::to_string(*status)};
}

HandlerResult run_exec(const Handler& h, runtime::cri::Runtime& runtime, const std::string& id,
                       std::chrono::milliseconds timeout) {
  auto result = runtime.exec_sync(id, h.command, timeout);
  if (!result) {
    if (result.error().code == Code::kDeadlineExceeded)
      return {false, "command timed out: \"" + base::join(h.command, " ") + "\" timed out after " +
                         std::to_string(timeout.count() / 1000) + "s"};
    return {false, result.error().message};
  }
  std::string output = std::move(result->stdout_text) + result->stderr_text;
  if (result->exit_code == 0) return {true, std::move(output)};
  if (output.empty())
    output = "command \"" + base::join(h.command, " ") + "\" exited with " + std::to_string(result->exit_code);
  return {false, std::move(output)};
}

}  // namespace

std::string_view probe_name(ProbeType type) {
  switch (type) {
    case ProbeType::kStartup:
      return "Startup";
    case ProbeType::kLiveness:
      return "Liveness";
    case ProbeType::kReadiness:
      return "Readiness";
  }
  return "?";
}

ProbeState step(const Probe& probe, ProbeState state, bool success) {
  state.run = state.run > 0 && state.last == success ? state.run + 1 : 1;
  state.last = success;
  if (state.run >= (success ? probe.success_threshold : probe.failure_threshold)) state.verdict = success;
  return state;
}

HandlerResult run_handler(const Handler& handler, runtime::cri::Runtime& runtime, const std::string& container_id,
                          const std::string& pod_ip, std::chrono::milliseconds timeout) {
  const std::string host = handler.host.empty() ? pod_ip : handler.host;
  switch (handler.kind) {
    case Handler::Kind::kNone:
      return {true, {}};
    case Handler::Kind::kExec:
      return run_exec(handler, runtime, container_id, timeout);
    case Handler::Kind::kHttp:
      if (handler.port <= 0) return {false, "couldn't find the probe's port"};
      return run_http(handler, host, timeout);
    case Handler::Kind::kTcp: {
      if (handler.port <= 0) return {false, "couldn't find the probe's port"};
      const auto fd = connect_to(host, handler.port, SteadyClock::now() + timeout);
      return fd ? HandlerResult{true, {}} : HandlerResult{false, fd.error().message};
    }
    case Handler::Kind::kGrpc:
      return {false, "grpc probes are not supported yet"};
    case Handler::Kind::kSleep:
      // The hook's whole work is to wait.
      (void)::poll(
          nullptr, 0,
          static_cast<int>(
              std::min<std::chrono::milliseconds>(timeout, std::chrono::seconds(handler.sleep_seconds)).count()));
      return {true, {}};
  }
  return {false, "unknown handler"};
}

}  // namespace appliance::orchestrator::kubelet
