// One tab of the dashboard: a WebSocket, its user, and up to kSubscriptionsMax subscriptions. An actor: everything that
// happens (a frame came, objects changed, the socket has room again, time passed) only notes itself and asks for a
// turn; turns run on the API server's pool, one at a time, and own all state. A turn sends what there is to send, but
// never more than kQueuedBytesMax waits in the socket: then the next turn comes when that has gone out.
//
// Held by the socket's handlers and by nobody else, so it goes with the connection; watchers, timers and usage know it
// weakly. The server's stop closes the connections first.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "orchestrator/apiserver/core.h"
#include "orchestrator/apiserver/live/hub.h"
#include "orchestrator/apiserver/live/subscription.h"

namespace appliance::orchestrator::apiserver::live {

inline constexpr size_t kQueuedBytesMax = 1024U * 1024;  // ~2,500 rows: more would only grow old in the queue
inline constexpr size_t kFramesWaitingMax = 64;          // twice the subscriptions; who sends faster is no page of ours
inline constexpr std::chrono::milliseconds kFlushEvery{50};
inline constexpr std::chrono::seconds kSweepEvery{10};  // problems that come or go with time
inline constexpr std::chrono::seconds kJudgeEvery{60};  // is the user still who it was, may it still?

// Close codes of our own (RFC 6455, 4000-4999).
inline constexpr uint16_t kCloseUnauthorized = 4401;  // the session has ended, the token is no longer good

class Tab final : public std::enable_shared_from_this<Tab> {
 public:
  Tab(Core& core, Hub::Seat seat, User user, const net::http::Request& request);
  ~Tab();
  Tab(const Tab&) = delete;
  Tab& operator=(const Tab&) = delete;
  void open(std::shared_ptr<net::http::WebSocket> socket);  // once, on the socket's strand

 private:
  struct Inbox {
    std::deque<std::string> frames;
    std::map<uint64_t, UsageText> usage;  // the last one of each subscription, by Usage::serial
    bool closed = false;
  };
  enum class Turn : unsigned char { kIdle, kQueued, kRunning, kAgain };

  void said(std::string message, bool binary);  // on the strand
  void note(std::function<void(Inbox&)> what);  // any thread: changes the inbox, then asks for a turn
  void wake();                                  // any thread
  void wake_at(base::MonoTime when);            // any thread
  void turn();
  // Turns only:
  bool work();                                     // true: there is more to do at once
  void give_back(std::deque<std::string> frames);  // those that no room was left for
  bool flush(base::MonoTime now);
  [[nodiscard]] bool is_full() const;
  bool wait_for_room();
  void on_frame(const std::string& text);
  void on_subscribe(Subscribe frame);
  void subscribe(int64_t sub, Selection selection);
  void subscribe_usage(int64_t sub, UsageSelection selection);
  void on_unsubscribe(int64_t sub);
  void take_usage(uint64_t serial, UsageText text);
  void drop(int64_t sub);
  [[nodiscard]] bool has(int64_t sub) const { return subscriptions_.contains(sub) || usage_.contains(sub); }
  void judge_again();
  void send(std::string frame);
  void refuse(int64_t sub, const api::ApiError& error);
  void end();

  Core& core_;
  Hub& hub_;
  Hub::Seat seat_;
  User user_;
  net::http::Request request_;  // its credentials, to be judged again
  std::shared_ptr<net::http::WebSocket> socket_;

  std::mutex mutex_;  // the two below
  Inbox inbox_;
  Turn turn_ = Turn::kIdle;

  struct Usage {
    uint64_t serial = 0;  // never used twice: a late text finds nobody
    uint64_t id = 0;      // the feed's
    UsageSelection selection;
    UsageText text;  // to be sent; null: nothing new
  };
  std::map<int64_t, std::unique_ptr<Subscription>> subscriptions_;
  std::map<int64_t, Usage> usage_;
  uint64_t serials_ = 0;
  int64_t next_ = 0;             // the subscription that sends first in the next round
  base::MonoTime next_flush_{};  // changes are not taken before
  base::MonoTime next_sweep_{};
  base::MonoTime next_judge_{};
  base::MonoTime planned_flush_{};  // the next_flush_ that a wake is planned for
  bool ended_ = false;
};

}  // namespace appliance::orchestrator::apiserver::live
