// The one file that includes cpp-httplib (scripts/fetch-httplib).
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_USE_POLL  // select() corrupts the stack behind descriptor 1023
#define CPPHTTPLIB_SEND_FLAGS MSG_NOSIGNAL
#define CPPHTTPLIB_TCP_NODELAY true
#include <httplib.h>

#include "net/http/client.h"

#include <netinet/tcp.h>
#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "base/crypto/init.h"
#include "net/http/base_url.h"
#include "net/http/response_head.h"
#include "net/tls/client_context.h"
#include "net/tls/peer_check.h"

namespace appliance::net::http {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// httplib loads OpenSSL's default places on top of our store, unless it is told another place: one where nothing can
// be.
constexpr const char* kNoCaDirectory = "/dev/null/none";

// OpenSSL writes to its socket with write(2): a peer that went away would kill the process.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeBlocked() {
    const timespec now{};
    if (!was_pending_) (void)sigtimedwait(&pipe_, nullptr, &now);  // nothing may be pending: EAGAIN
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

// Asks a silent peer whether it is still there; also ends what was sent and not acknowledged for as long.
struct KeepAlive {
  int seconds;
  void operator()(int fd) const {
    const int on = 1;
    const int probes = 2;
    const unsigned unacknowledged_ms = static_cast<unsigned>(seconds) * 3000;
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
  }
};

std::unexpected<Error> as_error(httplib::Error error, const std::string& what, bool timed_out) {
  using E = httplib::Error;
  switch (error) {
    case E::ConnectionTimeout:
      return fail(Code::kDeadlineExceeded, what + ": no connection in time");
    case E::Connection:
    case E::BindIPAddress:
      return fail(Code::kUnavailable, what + ": cannot connect");
    case E::SSLServerVerification:
      return fail(Code::kUnauthenticated, what + ": the server's certificate is not signed by a trusted authority");
    case E::SSLServerHostnameVerification:
      return fail(Code::kUnauthenticated, what + ": the server's certificate is for another name");
    case E::SSLConnection:
      return fail(Code::kUnavailable, what + ": TLS handshake failed");
    case E::ExceedRedirectCount:
      return fail(Code::kFailedPrecondition, what + ": too many redirects");
    default:
      if (timed_out) return fail(Code::kDeadlineExceeded, what + ": no answer in time");
      return fail(Code::kUnavailable, what + ": connection lost (" + httplib::to_string(error) + ")");
  }
}

Headers headers_of(const httplib::Response& response) {
  Headers out;
  for (const auto& [name, value] : response.headers) out.add(name, value);
  return out;
}

// What the callbacks of one transfer share.
struct Transfer {
  const ClientRequest& request;
  std::atomic<bool>& cancelled;
  Reply reply;
  Response head;
  SteadyTime last_byte = std::chrono::steady_clock::now();
  const SteadyTime started = last_byte;
  bool too_big = false;
  bool too_late = false;
  bool stopped = false;  // on_data said so

  bool on_head(const httplib::Response& response) {
    last_byte = std::chrono::steady_clock::now();
    reply.status = response.status;
    reply.headers = headers_of(response);
    head.status = response.status;
    head.headers = reply.headers;
    head.content_type = response.get_header_value("Content-Type");
    if (request.on_head) request.on_head(head);
    return !cancelled.load();
  }
  bool on_piece(const char* data, size_t size) {
    last_byte = std::chrono::steady_clock::now();
    if (cancelled.load()) return false;
    too_late = request.deadline.count() > 0 && last_byte - started > request.deadline;
    if (too_late) return false;
    if (request.on_data) {
      stopped = !request.on_data(head, {data, size});
      return !stopped;
    }
    too_big = reply.body.size() + size > request.body_bytes_max;
    if (!too_big) reply.body.append(data, size);
    return !too_big;
  }
};

Result<httplib::Request> wire_request(const ClientRequest& request, bool unix_socket) {
  if (!valid_request_line(request.method, request.path))
    return fail(Code::kInvalidArgument, "request: method or path with blanks or control characters");
  httplib::Request out;
  out.method = request.method;
  out.path = request.path;
  out.body = request.body;
  for (const Header& field : request.headers) {
    if (!valid_field(field))
      return fail(Code::kInvalidArgument, "request: header \"" + field.name + "\" with a line end");
    out.headers.emplace(field.name, field.value);
  }
  if (!request.content_type.empty()) out.headers.emplace("Content-Type", request.content_type);
  if (!request.headers.has("user-agent")) out.headers.emplace("User-Agent", "appliance");
  if (unix_socket && !request.headers.has("host")) out.headers.emplace("Host", "localhost");
  return out;
}

}  // namespace

struct Client::Core {
  explicit Core(ClientOptions given) : options(std::move(given)) {
    auto made = connect();
    if (!made) broken = made.error();
  }

  // Makes the httplib client; nothing is sent yet.
  Result<> connect() {
    const BaseUrl url = TRY(parse_base_url(options.base_url));
    unix_socket = !url.unix_path.empty();
    if (unix_socket) {
      http = std::make_unique<httplib::ClientImpl>(url.unix_path, 80);
      http->set_address_family(AF_UNIX);
    } else if (!url.tls) {
      http = std::make_unique<httplib::ClientImpl>(url.host, url.port);
    } else {
      crypto::init();
      auto secure = std::make_unique<httplib::SSLClient>(url.host, url.port);
      const bool verify = !options.insecure_skip_verify;
      TRY(tls::configure_client(secure->ssl_context(), {.ca_pem = options.ca_pem,
                                                        .certificate_pem = options.certificate_pem,
                                                        .key_pem = options.key_pem,
                                                        .verify = verify}));
      SSL_CTX_set_mode(secure->ssl_context(), SSL_MODE_RELEASE_BUFFERS);  // 34 KB less per idle connection
      secure->set_ca_cert_path("", kNoCaDirectory);
      secure->enable_server_certificate_verification(verify);
      secure->enable_server_hostname_verification(verify);
      if (verify && !options.common_name.empty())
        secure->set_server_certificate_verifier([this, host = url.host](SSL* ssl) {
          server_problem = tls::server_problem(ssl, host, options.common_name);
          return server_problem.empty();
        });
      http = std::move(secure);
    }
    if (options.keepalive.count() > 0) http->set_socket_options(KeepAlive{static_cast<int>(options.keepalive.count())});
    http->set_connection_timeout(options.connect_timeout);
    http->set_read_timeout(options.read_timeout);
    http->set_write_timeout(options.read_timeout);
    http->set_keep_alive(true);
    http->set_follow_location(options.follow_redirects);
    http->set_url_encode(false);
    http->set_decompress(false);
    return {};
  }

  Result<Reply> send(const ClientRequest& request) {
    if (broken) return fail(*broken);
    const std::string what = request.method + " " + options.base_url + request.path;
    httplib::Request wire = TRY(wire_request(request, unix_socket));
    const auto read_timeout = request.read_timeout.count() > 0 ? request.read_timeout : options.read_timeout;
    http->set_read_timeout(read_timeout);
    Transfer transfer{.request = request, .cancelled = cancelled, .reply = {}, .head = {}};
    wire.response_handler = [&](const httplib::Response& response) { return transfer.on_head(response); };
    wire.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
      return transfer.on_piece(data, size);
    };
    httplib::Response response;
    httplib::Error error = httplib::Error::Success;
    const SigpipeBlocked guard;
    const bool good = http->send(wire, response, error);
    if (cancelled.load()) return fail(Code::kCancelled, what + ": cancelled");
    if (transfer.stopped) return fail(Code::kCancelled, what + ": stopped by the reader");
    if (transfer.too_late) return fail(Code::kDeadlineExceeded, what + ": no whole answer in time");
    if (transfer.too_big)
      return fail(Code::kResourceExhausted,
                  what + ": answer over " + std::to_string(request.body_bytes_max) + " bytes");
    if (good && transfer.reply.status == 0) (void)transfer.on_head(response);  // httplib's way with HEAD and 204
    if (good) return std::move(transfer.reply);
    if (error == httplib::Error::SSLServerVerification && !server_problem.empty())
      return fail(Code::kUnauthenticated, what + ": " + server_problem);
    return as_error(error, what, std::chrono::steady_clock::now() - transfer.last_byte >= read_timeout);
  }

  const ClientOptions options;
  bool unix_socket = false;
  std::string server_problem;  // written and read by the thread that sends
  std::optional<Error> broken;
  std::unique_ptr<httplib::ClientImpl> http;
  std::atomic<bool> cancelled{false};

  std::mutex mutex;  // the two below
  std::condition_variable idle;
  std::thread::id running;
};

Client::Client(ClientOptions options) : core_(std::make_unique<Core>(std::move(options))) {}
Client::~Client() {
  const SigpipeBlocked guard;  // TLS says goodbye
  core_.reset();
}

Result<Reply> Client::send(ClientRequest request) {
  {
    const std::scoped_lock lock(core_->mutex);
    if (core_->cancelled.load()) return fail(Code::kCancelled, "client: cancelled");
    if (core_->running != std::thread::id())
      return fail(Code::kFailedPrecondition, "client: a request is running already");
    core_->running = std::this_thread::get_id();
  }
  Result<Reply> out = core_->send(request);
  {
    const std::scoped_lock lock(core_->mutex);
    core_->running = {};
    core_->idle.notify_all();  // under the lock: cancel() may be the last to use this object
  }
  return out;
}

// httplib's stop() does nothing to a request that is about to connect: it is repeated until send() has returned.
void Client::cancel() {
  const SigpipeBlocked guard;
  core_->cancelled = true;
  std::unique_lock lock(core_->mutex);
  if (!core_->http || core_->running == std::this_thread::get_id()) return;  // from on_data: its return value ends it
  while (core_->running != std::thread::id()) {
    lock.unlock();
    core_->http->stop();
    lock.lock();
    core_->idle.wait_for(lock, std::chrono::milliseconds(5), [&] { return core_->running == std::thread::id(); });
  }
}

}  // namespace appliance::net::http
