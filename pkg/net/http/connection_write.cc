// The way out of a connection: responses, streams, and the end. The way in is connection.cc.
#include <boost/asio/dispatch.hpp>

#include <algorithm>

#include "net/http/connection.h"
#include "net/http/response_head.h"

namespace appliance::net::http {
namespace {

constexpr size_t kPartsPerWriteMax = 64;              // what Asio puts into one writev
constexpr std::chrono::seconds kLingerMax{2};         // for the client to read our last words before it is reset
constexpr size_t kLingerBytesMax = 8U * 1024 * 1024;  // of a body that we refused

void append(Buffers& out, const std::vector<Chunk>& chunks) {
  for (const Chunk& chunk : chunks)
    if (!chunk.bytes.empty()) out.emplace_back(chunk.bytes.data(), chunk.bytes.size());
}

}  // namespace

void Connection::respond(Response response) {
  asio::dispatch(strand_, [self = shared_from_this(), response = std::move(response)]() mutable {
    if (self->phase_ == Phase::kHandler) self->write_response(std::move(response));
  });
}

void Connection::write_response(Response response) {
  phase_ = Phase::kResponse;
  abort_ = nullptr;
  outgoing_ = std::move(response);
  uint64_t length = 0;
  for (const Chunk& chunk : outgoing_.body) length += chunk.bytes.size();
  if (peer_ended_) keep_alive_ = false;
  head_text_ = response_head(
      outgoing_, {.content_length = length, .chunked = false, .close = !keep_alive_, .http_1_0 = http_1_0_});
  Buffers buffers{asio::buffer(head_text_)};
  if (!head_only_ && !status_has_no_body(outgoing_.status)) append(buffers, outgoing_.body);
  set_deadline(core_->options.write_timeout);
  write(std::move(buffers), [this] { end_exchange(); });
}

std::shared_ptr<Stream> Connection::start_stream(Response head) {
  auto state = std::make_shared<StreamState>(weak_from_this(), core_->options.stream_queue_bytes_max);
  asio::dispatch(strand_, [self = shared_from_this(), state, head = std::move(head)]() mutable {
    self->begin_stream(std::move(state), std::move(head));
  });
  return make_stream_handle(std::move(state));
}

void Connection::begin_stream(std::shared_ptr<StreamState> state, Response head) {
  if (phase_ != Phase::kHandler || peer_ended_) {
    state->close();
    if (phase_ == Phase::kHandler) close_here();
    return;
  }
  phase_ = Phase::kStream;
  abort_ = nullptr;
  stream_ = std::move(state);
  if (status_has_no_body(head.status)) head_only_ = true;
  stream_chunked_ = !http_1_0_;
  if (!stream_chunked_) keep_alive_ = false;
  clear_deadline();
  std::vector<Chunk> first = std::move(head.body);
  head.body.clear();
  head_text_ = response_head(
      head, {.content_length = {}, .chunked = stream_chunked_, .close = !keep_alive_, .http_1_0 = http_1_0_});
  read();  // to see the client go
  stream_writing_ = true;
  write({asio::buffer(head_text_)}, [this, first = std::move(first)]() mutable {
    stream_writing_ = false;
    write_batch({.chunks = std::move(first), .bytes = 0, .finished = false});
  });
}

void Connection::pump_stream() {
  if (phase_ != Phase::kStream || stream_writing_) return;
  write_batch(stream_->take());
}

void Connection::write_batch(StreamState::Batch batch) {
  size_t bytes = 0;
  for (const Chunk& chunk : batch.chunks) bytes += chunk.bytes.size();
  const bool body = !head_only_;
  stream_batch_ = std::move(batch.chunks);
  Buffers buffers;
  if (body && bytes > 0) {
    head_text_ = chunk_head(bytes);
    if (stream_chunked_) buffers.push_back(asio::buffer(head_text_));
    append(buffers, stream_batch_);
    if (stream_chunked_) buffers.push_back(asio::buffer("\r\n", 2));
  }
  if (body && batch.finished && stream_chunked_) buffers.push_back(asio::buffer("0\r\n\r\n", 5));
  stream_writing_ = true;
  write(std::move(buffers), [this, queued = batch.bytes, finished = batch.finished] {
    stream_writing_ = false;
    stream_batch_.clear();
    if (finished) return end_stream();
    if (queued > 0) stream_->written(queued);
    StreamState::Batch next = stream_->take();
    if (!next.chunks.empty() || next.finished) write_batch(std::move(next));
  });
}

void Connection::end_stream() {
  const std::shared_ptr<StreamState> state = std::exchange(stream_, nullptr);
  end_exchange();
  state->close();
}

void Connection::stream_overflowed() {
  core_->metrics.streams_overflowed.add();
  close();
}

void Connection::accept_websocket(std::string key, std::string subprotocol,
                                  std::function<void(std::shared_ptr<WebSocket>)> opened) {
  asio::dispatch(strand_, [self = shared_from_this(), key = std::move(key), subprotocol = std::move(subprotocol),
                           opened = std::move(opened)]() mutable {
    if (self->phase_ != Phase::kHandler) return;
    self->phase_ = Phase::kWebSocket;
    self->abort_ = nullptr;
    self->clear_deadline();
    self->read_buffer_.reset();
    start_websocket(
        self,
        {.key = std::move(key), .subprotocol = std::move(subprotocol), .leftover = std::exchange(self->input_, {})},
        std::move(opened));
  });
}

void Connection::write(Buffers buffers, base::Task done) {
  to_write_ = std::move(buffers);
  written_parts_ = 0;
  write_done_ = std::move(done);
  write_more();
}

void Connection::write_more() {
  if (written_parts_ == to_write_.size()) {
    to_write_.clear();
    base::Task done = std::exchange(write_done_, nullptr);
    return done();
  }
  const auto from = to_write_.begin() + static_cast<std::ptrdiff_t>(written_parts_);
  const auto count = std::min(kPartsPerWriteMax, to_write_.size() - written_parts_);
  transport_->write_some(Buffers(from, from + static_cast<std::ptrdiff_t>(count)),
                         [self = shared_from_this()](ErrorCode error, size_t size) {
                           if (self->phase_ == Phase::kClosed) return;
                           if (error) return self->close_here();
                           self->on_written(size);
                         });
}

void Connection::on_written(size_t size) {
  while (size > 0) {
    asio::const_buffer& part = to_write_[written_parts_];
    const size_t take = std::min(size, part.size());
    part += take;
    size -= take;
    if (part.size() == 0) ++written_parts_;
  }
  if (phase_ == Phase::kResponse) set_deadline(core_->options.write_timeout);
  write_more();
}

void Connection::end_exchange() {
  outgoing_ = {};
  head_text_.clear();
  if (keep_alive_ && !peer_ended_) return next_request();
  linger();
}

// Closing a socket with unread bytes resets the connection, and the client may never see the answer (RFC 9112
// section 9.6).
void Connection::linger() {
  if (peer_ended_) return close_here();
  phase_ = Phase::kLinger;
  set_deadline(kLingerMax);
  transport_->shutdown([self = shared_from_this()](ErrorCode, size_t) { self->drain_input(); });
}

void Connection::drain_input() {
  if (phase_ != Phase::kLinger) return;
  if (!read_buffer_) read_buffer_ = std::make_unique<char[]>(kReadBytes);
  transport_->socket().async_read_some(asio::buffer(read_buffer_.get(), kReadBytes),
                                       [self = shared_from_this()](ErrorCode error, size_t size) {
                                         self->lingered_bytes_ += size;
                                         if (error || self->lingered_bytes_ > kLingerBytesMax)
                                           return self->close_here();
                                         self->drain_input();
                                       });
}

}  // namespace appliance::net::http
