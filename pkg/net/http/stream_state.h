// The half of a Stream that its writers and its connection share: a bounded queue under a mutex. For pkg/net/http only.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "net/http/server.h"

namespace appliance::net::http {

class Connection;

class StreamState final : public Stream {
 public:
  StreamState(std::weak_ptr<Connection> connection, size_t queue_bytes_max)
      : connection_(std::move(connection)), queue_bytes_max_(queue_bytes_max) {}

  // Any thread.
  bool write(std::vector<Chunk> chunks) override;
  void finish() override;
  [[nodiscard]] bool closed() const override;
  [[nodiscard]] size_t bytes_queued() const override;
  void on_close(base::Task task) override;
  void on_drain(base::Task task) override;
  void abandon();  // the writer is gone

  // The connection's strand.
  struct Batch {
    std::vector<Chunk> chunks;
    size_t bytes = 0;
    bool finished = false;  // nothing comes behind this batch
  };
  Batch take();                // at most kBatchBytesMax
  void written(size_t bytes);  // frees room; may run on_drain
  void close();                // runs on_close and on_drain once

 private:
  void wake();

  const std::weak_ptr<Connection> connection_;
  const size_t queue_bytes_max_;
  mutable std::mutex mutex_;
  std::deque<std::vector<Chunk>> queue_;
  size_t queued_ = 0;  // not yet handed to the kernel, the batch in flight included
  bool finished_ = false;
  bool closed_ = false;
  bool woken_ = false;
  base::Task on_close_;
  base::Task on_drain_;
};

// What a writer holds. Its last copy gone without finish() ends the connection: a body that just stops would look
// complete.
std::shared_ptr<Stream> make_stream_handle(std::shared_ptr<StreamState> state);

}  // namespace appliance::net::http
