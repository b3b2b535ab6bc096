// One exec: bytes between the process's descriptors and the client, pumped by one thread with poll(2). Output is
// bounded by the peer's queue (kSinkHighWater), input by kStdinQueueBytesMax. All output is delivered before on_exit().
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "base/fd.h"
#include "orchestrator/client/node_streams.h"
#include "runtime/cri/cri.h"

namespace appliance::orchestrator::kubelet {

// What client and pump share.
struct ExecInput {
  std::mutex mutex;
  std::deque<std::string> queue;  // GUARDED_BY(mutex)
  size_t bytes = 0;               // GUARDED_BY(mutex)
  bool closed = false;            // GUARDED_BY(mutex); no more input after the queue
  bool broken = false;            // GUARDED_BY(mutex); nobody reads
  std::atomic<bool> dropped{false};
  base::Fd wake;  // eventfd
  void notify() const;
};

class PumpedSession final : public client::ExecSession {
 public:
  PumpedSession(std::shared_ptr<ExecInput> input, runtime::cri::Runtime& runtime, std::string exec_id)
      : input_(std::move(input)), runtime_(runtime), exec_id_(std::move(exec_id)) {}
  ~PumpedSession() override;
  bool write_stdin(std::string bytes) override;
  [[nodiscard]] size_t stdin_bytes_queued() const override;
  void close_stdin() override;
  void resize(uint16_t width, uint16_t height) override;

 private:
  std::shared_ptr<ExecInput> input_;
  runtime::cri::Runtime& runtime_;
  const std::string exec_id_;
};

Result<std::shared_ptr<ExecInput>> make_exec_input();

// Runs until the process has closed its output and ended, the client is gone, or `stop`. Calls on_exit or on_error.
void pump_exec(runtime::cri::ExecProcess process, const std::shared_ptr<ExecInput>& input, client::ExecPeer& peer,
               runtime::cri::Runtime& runtime, const std::atomic<bool>& stop);

}  // namespace appliance::orchestrator::kubelet
