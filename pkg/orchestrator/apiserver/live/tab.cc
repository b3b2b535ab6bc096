#include "orchestrator/apiserver/live/tab.h"

#include "orchestrator/apiserver/api.h"
#include "orchestrator/apiserver/live/rights.h"
#include "orchestrator/apiserver/respond.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

net::http::Request credentials_of(const net::http::Request& request) {
  net::http::Request out = request;
  out.body.clear();
  return out;
}

api::ApiError status(int code, std::string reason, std::string message) {
  api::ApiError out;
  out.code = code;
  out.reason = std::move(reason);
  out.message = std::move(message);
  return out;
}

}  // namespace

Tab::Tab(Core& core, Hub::Seat seat, User user, const net::http::Request& request)
    : core_(core),
      hub_(*core.tabs),
      seat_(std::move(seat)),
      user_(std::move(user)),
      request_(credentials_of(request)) {}

Tab::~Tab() { end(); }

void Tab::open(std::shared_ptr<net::http::WebSocket> socket) {
  socket_ = socket;
  const base::MonoTime now = core_.clock.monotonic();
  next_sweep_ = now + kSweepEvery;
  next_judge_ = now + kJudgeEvery;
  wake_at(next_sweep_);
  send(hello_frame({.build = build_id(core_.options.version),
                    .user = user_.name,
                    .groups = user_.groups,
                    .node = core_.options.node_name}));
  socket->on_message(
      [self = shared_from_this()](std::string message, bool binary) { self->said(std::move(message), binary); });
  socket->on_close([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->note([](Inbox& inbox) { inbox.closed = true; });
  });
}

void Tab::said(std::string message, bool binary) {
  if (binary) return socket_->close(1003, "text frames only");
  if (message.size() > kFrameBytesMax) return socket_->close(1009, "a frame may have 4 KiB");
  bool full = false;
  note([&](Inbox& inbox) {
    full = inbox.frames.size() >= kFramesWaitingMax;
    if (!full) inbox.frames.push_back(std::move(message));
  });
  if (full) socket_->close(1008, "too many frames at once");
}

// --- turns -----------------------------------------------------------------------------------------------------------

void Tab::note(std::function<void(Inbox&)> what) {
  {
    const std::lock_guard lock(mutex_);
    what(inbox_);
  }
  wake();
}

void Tab::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (turn_ == Turn::kRunning) turn_ = Turn::kAgain;
    if (turn_ != Turn::kIdle) return;
    turn_ = Turn::kQueued;
  }
  const bool taken = core_.pool.post([self = shared_from_this()] { self->turn(); });
  if (taken) return;
  {
    const std::lock_guard lock(mutex_);
    turn_ = Turn::kIdle;
  }
  wake_at(core_.clock.monotonic() + std::chrono::seconds(1));  // flooded; a server that stops drops it
}

void Tab::wake_at(base::MonoTime when) {
  core_.cache.queue().post_at(when, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->wake();
  });
}

void Tab::turn() {
  {
    const std::lock_guard lock(mutex_);
    turn_ = Turn::kRunning;
  }
  const bool more = work();
  bool again = more;
  {
    const std::lock_guard lock(mutex_);
    again = again || turn_ == Turn::kAgain;
    turn_ = Turn::kIdle;
  }
  if (again) wake();  // others of the pool come in between
}

bool Tab::work() {
  Inbox inbox;
  {
    const std::lock_guard lock(mutex_);
    std::swap(inbox, inbox_);
  }
  if (ended_) return false;
  if (inbox.closed) {
    end();
    return false;
  }
  // Answers to frames wait for room like everything else; who goes on sending is ended by kFramesWaitingMax.
  while (!inbox.frames.empty() && !is_full()) {
    on_frame(inbox.frames.front());
    inbox.frames.pop_front();
  }
  if (!inbox.frames.empty()) give_back(std::move(inbox.frames));
  for (auto& [serial, text] : inbox.usage) take_usage(serial, std::move(text));
  const base::MonoTime now = core_.clock.monotonic();
  if (now >= next_judge_) judge_again();
  if (ended_) return false;
  if (now >= next_sweep_) {
    next_sweep_ = now + kSweepEvery;
    wake_at(next_sweep_);
    for (auto& [sub, subscription] : subscriptions_) subscription->sweep(core_.cache);
  }
  return flush(now);
}

void Tab::give_back(std::deque<std::string> frames) {
  const std::lock_guard lock(mutex_);
  for (; !frames.empty(); frames.pop_back()) inbox_.frames.push_front(std::move(frames.back()));
}

bool Tab::flush(base::MonoTime now) {
  if (is_full()) return wait_for_room();
  for (auto& [sub, usage] : usage_) {
    if (is_full()) return wait_for_room();
    if (usage.text != nullptr) send(usage_frame(sub, *std::exchange(usage.text, nullptr)));
  }
  const bool due = now >= next_flush_;
  const int64_t now_seconds = unix_seconds(core_.clock.now());
  bool more = false;
  // Each once, beginning where the last round stopped, so that a large one does not keep the others waiting.
  auto at = subscriptions_.lower_bound(next_);
  for (size_t i = 0; i < subscriptions_.size(); ++i, ++at) {
    if (at == subscriptions_.end()) at = subscriptions_.begin();
    Subscription& subscription = *at->second;
    if (!due && subscription.is_live() && !subscription.is_busy()) {
      if (std::exchange(planned_flush_, next_flush_) != next_flush_) wake_at(next_flush_);
      continue;
    }
    if (is_full()) {
      next_ = at->first;
      return wait_for_room();
    }
    const bool live = subscription.is_live();
    const auto frame = subscription.next_frame(core_.cache, now_seconds, hub_.metrics().rows);
    if (!frame) continue;
    more = true;  // what changed while this one was busy asked for a turn, and that is this one: look again
    if (frame->empty()) continue;
    if (live) next_flush_ = std::max(next_flush_, now + kFlushEvery);
    send(*frame);
  }
  return more;
}

bool Tab::is_full() const { return socket_->bytes_queued() > kQueuedBytesMax; }

// Always false: there is nothing to do until then.
bool Tab::wait_for_room() {
  socket_->on_drain([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->wake();
  });
  return false;
}

// --- what the browser says -------------------------------------------------------------------------------------------

void Tab::on_frame(const std::string& text) {
  auto frame = parse_frame(text);
  if (frame) {
    if (auto* subscribe = std::get_if<Subscribe>(&*frame)) return on_subscribe(std::move(*subscribe));
    return on_unsubscribe(std::get<Unsubscribe>(*frame).sub);
  }
  if (frame.error().sub) return refuse(*frame.error().sub, frame.error().error);
  send(error_frame(std::nullopt, frame.error().error));
}

void Tab::on_subscribe(Subscribe frame) {
  if (has(frame.sub))
    return refuse(frame.sub, api::bad_request("sub: the number is in use; both its subscriptions have ended"));
  if (subscriptions_.size() + usage_.size() >= kSubscriptionsMax)
    return refuse(frame.sub, status(429, "TooManyRequests",
                                    "a tab may have " + std::to_string(kSubscriptionsMax) + " subscriptions"));
  if (auto* selection = std::get_if<Selection>(&frame.what)) return subscribe(frame.sub, std::move(*selection));
  subscribe_usage(frame.sub, std::get<UsageSelection>(std::move(frame.what)));
}

void Tab::subscribe(int64_t sub, Selection selection) {
  const auto kind = kind_of(core_.cache, selection);
  if (!kind) return refuse(sub, kind.error());
  if (auto r = may_watch(core_.cache, user_, selection); !r) return refuse(sub, r.error());
  send(columns_frame(sub, **kind));
  auto feed =
      std::make_shared<Feed>(core_.cache, **kind, selection, hub_.metrics().conflated, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
      });
  feed->start();
  subscriptions_.emplace(sub, std::make_unique<Subscription>(sub, **kind, std::move(selection), std::move(feed)));
  hub_.metrics().subscriptions.add(1);
}

void Tab::subscribe_usage(int64_t sub, UsageSelection selection) {
  if (auto r = may_see_usage(core_.cache, user_, selection); !r) return refuse(sub, r.error());
  UsageFeed* feed = hub_.usage();
  if (feed == nullptr)
    return refuse(sub, status(501, "NotImplemented", "usage: this server does not measure what nodes use"));
  const uint64_t serial = ++serials_;
  const uint64_t id = feed->subscribe(selection, [weak = weak_from_this(), serial](UsageText text) {
    if (const auto self = weak.lock()) self->note([&](Inbox& inbox) { inbox.usage[serial] = std::move(text); });
  });
  usage_.emplace(sub, Usage{.serial = serial, .id = id, .selection = std::move(selection), .text = nullptr});
  hub_.metrics().subscriptions.add(1);
}

void Tab::take_usage(uint64_t serial, UsageText text) {
  for (auto& [sub, usage] : usage_)
    if (usage.serial == serial) usage.text = std::move(text);
}

void Tab::on_unsubscribe(int64_t sub) {
  drop(sub);
  send(end_frame(sub));
}

void Tab::drop(int64_t sub) {
  if (const auto usage = usage_.find(sub); usage != usage_.end()) hub_.usage()->unsubscribe(usage->second.id);
  const auto removed = subscriptions_.erase(sub) + usage_.erase(sub);
  hub_.metrics().subscriptions.add(-static_cast<int64_t>(removed));
}

void Tab::refuse(int64_t sub, const api::ApiError& error) {
  drop(sub);
  send(error_frame(sub, error));
}

void Tab::send(std::string frame) {
  hub_.metrics().frames.add();
  (void)socket_->send_text(std::move(frame));  // false: closed, and on_close comes
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Tab::judge_again() {
  next_judge_ = core_.clock.monotonic() + kJudgeEvery;
  auto identity = authenticate(core_, request_);
  const bool same = identity && impersonate(request_, identity->user) && identity->user.name == user_.name;
  if (!same) {
    send(error_frame(std::nullopt, status(401, "Unauthorized", identity ? "Unauthorized" : identity.error().message)));
    socket_->close(kCloseUnauthorized, "Unauthorized");
    return end();
  }
  user_ = std::move(identity->user);
  std::vector<std::pair<int64_t, api::ApiError>> refused;
  for (const auto& [sub, subscription] : subscriptions_)
    if (auto r = may_watch(core_.cache, user_, subscription->selection()); !r) refused.emplace_back(sub, r.error());
  for (const auto& [sub, usage] : usage_)
    if (auto r = may_see_usage(core_.cache, user_, usage.selection); !r) refused.emplace_back(sub, r.error());
  for (const auto& [sub, error] : refused) refuse(sub, error);
}

void Tab::end() {
  if (std::exchange(ended_, true)) return;
  while (!subscriptions_.empty()) drop(subscriptions_.begin()->first);
  while (!usage_.empty()) drop(usage_.begin()->first);
  seat_.reset();
}

}  // namespace appliance::orchestrator::apiserver::live
