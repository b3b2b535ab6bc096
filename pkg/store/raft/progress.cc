#include "store/raft/progress.h"

#include <algorithm>

namespace appliance::store::raft {

bool Progress::is_paused() const {
  switch (state_) {
    case State::kProbe:
      return probe_out_;
    case State::kReplicate:
      return in_flight_.size() >= window_.messages_max || bytes_in_flight_ >= window_.bytes_max;
    case State::kSnapshot:
      return true;
  }
  return true;
}

void Progress::sent(uint64_t last_index, uint64_t bytes) {
  if (state_ == State::kProbe) {
    probe_out_ = true;
    return;
  }
  if (last_index < next_) return;  // told the commit index alone: nothing to wait for
  next_ = last_index + 1;
  in_flight_.push_back({last_index, bytes});
  bytes_in_flight_ += bytes;
}

bool Progress::acknowledged(uint64_t index) {
  const bool is_news = index > match_;
  match_ = std::max(match_, index);
  next_ = std::max(next_, match_ + 1);
  while (!in_flight_.empty() && in_flight_.front().last_index <= index) {
    bytes_in_flight_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
  if (state_ == State::kProbe) {  // now it is known where the logs agree
    state_ = State::kReplicate;
    probe_out_ = false;
  }
  return is_news;
}

bool Progress::refused(uint64_t refused, uint64_t hint) {
  if (state_ == State::kReplicate) {
    if (refused <= match_) return false;  // overtaken by an acknowledgement
    probe();
    return true;
  }
  if (state_ == State::kSnapshot || next_ - 1 != refused) return false;
  next_ = std::max(std::min(refused, hint + 1), match_ + 1);
  probe_out_ = false;
  return true;
}

void Progress::heard() {
  is_active = true;
  probe_out_ = false;
  // A full window whose first answer was lost must not stay shut for ever: one append more finds out.
  if (state_ == State::kReplicate && is_paused()) {
    bytes_in_flight_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
}

void Progress::needs_snapshot() {
  probe();
  state_ = State::kSnapshot;
}

void Progress::snapshot_sent(bool arrived) {
  if (state_ != State::kSnapshot) return;
  probe();
  probe_out_ = !arrived;  // a failed one is tried again when the member is heard of
}

void Progress::probe() {
  state_ = State::kProbe;
  next_ = match_ + 1;
  probe_out_ = false;
  in_flight_.clear();
  bytes_in_flight_ = 0;
}

}  // namespace appliance::store::raft
