// What a leader knows of one member, and how fast it may send to it: probing (one append at a time, until an answer
// says where the logs agree), replicating (a pipeline with a window), or waiting for a snapshot to arrive (10.2.1).
#pragma once

#include <cstdint>
#include <deque>

namespace appliance::store::raft {

struct Window {  // of appends that are not answered yet, to one member
  uint64_t messages_max = 256;
  uint64_t bytes_max = 8U << 20U;
};

class Progress {
 public:
  enum class State : uint8_t { kProbe, kReplicate, kSnapshot };

  Progress() = default;
  Progress(uint64_t last_index, Window window) : next_(last_index + 1), window_(window) {}

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] uint64_t match() const { return match_; }  // known to be durable there
  [[nodiscard]] uint64_t next() const { return next_; }    // to be sent
  [[nodiscard]] bool is_paused() const;

  void sent(uint64_t last_index, uint64_t bytes);  // an append that ends there; without entries: last_index = next - 1
  bool acknowledged(uint64_t index);               // true: news
  // An append behind `refused` did not fit; the logs may agree at `hint`. False: an old answer.
  bool refused(uint64_t refused, uint64_t hint);
  void heard();  // any answer: a probe may be sent again

  void needs_snapshot();
  void snapshot_sent(bool arrived);  // the state after it, or tried again by a probe

  bool is_active = false;   // answered since the last check of the quorum
  uint64_t read_round = 0;  // the last round that it has confirmed

 private:
  struct InFlight {
    uint64_t last_index;
    uint64_t bytes;
  };
  void probe();

  State state_ = State::kProbe;
  uint64_t match_ = 0;
  uint64_t next_ = 1;
  bool probe_out_ = false;
  Window window_;
  std::deque<InFlight> in_flight_;
  uint64_t bytes_in_flight_ = 0;
};

}  // namespace appliance::store::raft
