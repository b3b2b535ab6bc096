// One accepted connection: reads a request, gives it to the handler, writes what comes back, and again. For
// pkg/net/http only.
//
//   accept -> [TLS handshake] -> header -> body -> handler -> response | stream | WebSocket -> header ... -> linger ->
//   closed
//
// Everything runs on the connection's strand, except what is marked thread-safe. The object lives as long as one of its
// operations is pending (each holds a reference) and no longer: exchanges and streams refer to it weakly. While a
// handler works, one read stays posted, so that a client that goes away is noticed; what it reads is the start of the
// next request.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <string>

#include "net/http/request_parser.h"
#include "net/http/server_core.h"
#include "net/http/stream_state.h"
#include "net/http/transport.h"
#include "net/http/websocket.h"

namespace appliance::net::http {

constexpr size_t kReadBytes = 16U * 1024;

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerCore> core, Strand strand, std::unique_ptr<Transport> transport, std::string remote);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();  // thread-safe
  void close();  // thread-safe; at once
  [[nodiscard]] const Strand& strand() const { return strand_; }

  // Thread-safe, called by the exchange that is running; what comes after the connection closed is dropped.
  void respond(Response response);
  std::shared_ptr<Stream> start_stream(Response head);
  void accept_websocket(std::string key, std::string subprotocol,
                        std::function<void(std::shared_ptr<WebSocket>)> opened);
  void on_abort(base::Task task);
  void pump_stream();  // the stream has something to write
  void stream_overflowed();

  // For the WebSocket session, which takes the transport over and gives nothing back. It lives until the connection
  // closes (a paused one has no operation pending that would hold it), and hears of that through `closed`.
  void adopt(base::Task closed) { closed_ = std::move(closed); }
  Transport& transport() { return *transport_; }
  [[nodiscard]] const ServerCore& core() const { return *core_; }

 private:
  enum class Phase : unsigned char {
    kHandshake,
    kIdle,
    kHeader,
    kBody,
    kHandler,
    kResponse,
    kStream,
    kWebSocket,
    kLinger,
    kClosed
  };

  void begin();
  void sniff();              // is the first byte TLS?
  void answer_plain_text();  // on a port that speaks TLS
  void handshake();
  void next_request();
  void read();
  void on_read(ErrorCode error, size_t size);
  void on_end(ErrorCode error);
  void parse();
  void refuse(const Refusal& refusal);
  void dispatch();
  void write_response(Response response);
  void begin_stream(std::shared_ptr<StreamState> state, Response head);
  void write_batch(StreamState::Batch batch);
  void end_stream();
  void end_exchange();
  void write(Buffers buffers, base::Task done);  // all of it, then done; an error closes
  void write_more();
  void on_written(size_t size);
  void linger();
  void drain_input();
  void close_here();
  void run_abort();
  void set_deadline(std::chrono::nanoseconds from_now);
  void clear_deadline() { deadline_ = std::chrono::steady_clock::time_point::max(); }
  void arm_timer();
  void on_deadline();

  std::shared_ptr<ServerCore> core_;
  Strand strand_;
  std::unique_ptr<Transport> transport_;
  const std::string remote_;
  Phase phase_ = Phase::kHandshake;

  std::unique_ptr<char[]> read_buffer_;
  std::string input_;  // read and not yet parsed
  bool reading_ = false;
  bool peer_ended_ = false;  // the client closed its side
  RequestParser parser_;

  Request identity_;  // peer and peer_error: the same for every request of the connection

  // What the running exchange said about the answer.
  bool head_only_ = false;
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  base::Task abort_;
  base::Task closed_;

  Response outgoing_;      // owns the bytes of the write in progress
  std::string head_text_;  // likewise
  Buffers to_write_;
  size_t written_parts_ = 0;
  base::Task write_done_;
  std::shared_ptr<StreamState> stream_;
  bool stream_chunked_ = false;
  bool stream_writing_ = false;
  std::vector<Chunk> stream_batch_;
  size_t lingered_bytes_ = 0;

  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::chrono::steady_clock::time_point timer_at_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace appliance::net::http
