// Logs of a fixture's pods, made while they are read. One thread serves all readers, in turns; a reader that does not
// keep up is given nothing until it has read (kSinkHighWater), and then goes on where it was. No exec: there is nothing
// to run in.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "node/dev/fixture_log_lines.h"
#include "orchestrator/client/client.h"
#include "orchestrator/client/node_streams.h"

namespace appliance::node::dev {

inline constexpr size_t kLogReadersMax = 256;  // as a kubelet's streams

class FixtureStreams final : public orchestrator::client::NodeStreams {
 public:
  struct Deps {
    orchestrator::client::InformerSource& informers;
    const base::Clock& clock;
    int lines_per_second = 10;
  };
  explicit FixtureStreams(Deps deps);
  ~FixtureStreams() override;  // stop()
  void stop();                 // idempotent; readers hear that it ended

  Result<> logs(const std::string& ns, const std::string& pod, const orchestrator::client::LogOptions& options,
                std::shared_ptr<orchestrator::client::ByteSink> sink) override;
  Result<std::shared_ptr<orchestrator::client::ExecSession>> exec(
      const orchestrator::client::ExecRequest& request, std::shared_ptr<orchestrator::client::ExecPeer> peer) override;

 private:
  struct Reader {
    LogShape shape;
    orchestrator::client::LogOptions options;
    uint64_t next = 0;
    uint64_t end = 0;  // not followed: where it ends
    int64_t bytes_left = -1;
    std::shared_ptr<orchestrator::client::ByteSink> sink;
  };
  [[nodiscard]] Result<LogShape> shape_of(const json::Value& pod,
                                          const orchestrator::client::LogOptions& options) const;
  void run();
  bool serve(Reader& reader) const;  // false: it is done

  const Deps deps_;
  const base::WallTime started_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Reader> arrived_;  // GUARDED_BY(mutex_)
  size_t readers_ = 0;           // GUARDED_BY(mutex_)
  bool stopping_ = false;        // GUARDED_BY(mutex_)
  std::thread thread_;           // last: it uses all of the above
};

}  // namespace appliance::node::dev
