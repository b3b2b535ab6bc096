#include "net/http/stream_state.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>

#include "net/http/connection.h"

namespace appliance::net::http {
namespace {

constexpr size_t kBatchBytesMax = 256U * 1024;  // one write; events that piled up go out together
constexpr size_t kBatchChunksMax = 1024;

size_t bytes_of(const std::vector<Chunk>& chunks) {
  size_t bytes = 0;
  for (const Chunk& chunk : chunks) bytes += chunk.bytes.size();
  return bytes;
}

class StreamHandle final : public Stream {
 public:
  explicit StreamHandle(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  ~StreamHandle() override { state_->abandon(); }
  bool write(std::vector<Chunk> chunks) override { return state_->write(std::move(chunks)); }
  void finish() override { state_->finish(); }
  [[nodiscard]] bool closed() const override { return state_->closed(); }
  [[nodiscard]] size_t bytes_queued() const override { return state_->bytes_queued(); }
  void on_close(base::Task task) override { state_->on_close(std::move(task)); }
  void on_drain(base::Task task) override { state_->on_drain(std::move(task)); }

 private:
  const std::shared_ptr<StreamState> state_;
};

}  // namespace

std::shared_ptr<Stream> make_stream_handle(std::shared_ptr<StreamState> state) {
  return std::make_shared<StreamHandle>(std::move(state));
}

bool StreamState::write(std::vector<Chunk> chunks) {
  const size_t bytes = bytes_of(chunks);
  bool overflow = false;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || finished_) return false;
    if (bytes == 0) return true;
    overflow = queued_ > 0 && queued_ + bytes > queue_bytes_max_;
    if (!overflow) {
      queued_ += bytes;
      queue_.push_back(std::move(chunks));
    }
  }
  if (!overflow) {
    wake();
    return true;
  }
  if (const auto connection = connection_.lock()) connection->stream_overflowed();
  return false;
}

void StreamState::finish() {
  {
    const std::scoped_lock lock(mutex_);
    if (finished_ || closed_) return;
    finished_ = true;
  }
  wake();
}

void StreamState::abandon() {
  {
    const std::scoped_lock lock(mutex_);
    if (finished_ || closed_) return;
  }
  if (const auto connection = connection_.lock()) connection->close();
}

void StreamState::wake() {
  {
    const std::scoped_lock lock(mutex_);
    if (woken_) return;
    woken_ = true;
  }
  if (const auto connection = connection_.lock())
    asio::post(connection->strand(), [connection] { connection->pump_stream(); });
}

bool StreamState::closed() const {
  const std::scoped_lock lock(mutex_);
  return closed_;
}

size_t StreamState::bytes_queued() const {
  const std::scoped_lock lock(mutex_);
  return queued_;
}

void StreamState::on_close(base::Task task) {
  {
    const std::scoped_lock lock(mutex_);
    if (!closed_) {
      on_close_ = std::move(task);
      return;
    }
  }
  task();
}

void StreamState::on_drain(base::Task task) {
  {
    const std::scoped_lock lock(mutex_);
    if (!closed_ && queued_ > 0) {
      on_drain_ = std::move(task);
      return;
    }
  }
  task();
}

StreamState::Batch StreamState::take() {
  const std::scoped_lock lock(mutex_);
  woken_ = false;
  Batch batch;
  while (!queue_.empty() && batch.bytes < kBatchBytesMax && batch.chunks.size() < kBatchChunksMax) {
    std::vector<Chunk> next = std::move(queue_.front());
    queue_.pop_front();
    batch.bytes += bytes_of(next);
    std::ranges::move(next, std::back_inserter(batch.chunks));
  }
  batch.finished = finished_ && queue_.empty();
  return batch;
}

void StreamState::written(size_t bytes) {
  base::Task drained;
  {
    const std::scoped_lock lock(mutex_);
    queued_ -= std::min(bytes, queued_);  // close() has set it to 0 already
    if (queued_ == 0) drained = std::exchange(on_drain_, nullptr);
  }
  if (drained) drained();
}

void StreamState::close() {
  base::Task closed;
  base::Task drained;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    queue_.clear();
    queued_ = 0;
    closed = std::exchange(on_close_, nullptr);
    drained = std::exchange(on_drain_, nullptr);
  }
  if (drained) drained();
  if (closed) closed();
}

}  // namespace appliance::net::http
