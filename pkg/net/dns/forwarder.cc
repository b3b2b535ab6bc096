#include "net/dns/forwarder.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/fd.h"

namespace appliance::net::dns {
namespace {

constexpr int64_t kBadUpstream_seconds = 5;

std::string key_of(const Question& q) {
  std::string out = lower(q.name);
  out += static_cast<char>(q.type >> 8);
  out += static_cast<char>(q.type & 0xff);
  out += static_cast<char>(q.klass & 0xff);
  return out;
}

bool same_question(const Question& a, const Question& b) {
  return a.type == b.type && a.klass == b.klass && lower(a.name) == lower(b.name);
}

}  // namespace

struct Forwarder::Lookup {
  std::string key;
  Question question;
  std::vector<Callback> waiting;
  size_t tries = 0;
  size_t upstream = 0;  // index of the current try
  uint16_t id = 0;
  base::Fd fd;
  Reactor::TimerId timer;
  bool timer_set = false;
  std::string tcp_out;
  std::string tcp_in;
  std::string fallback;  // a SERVFAIL or REFUSED that an upstream gave: better than silence
};

Forwarder::Forwarder(Reactor& reactor, const base::Clock& clock, base::Random& random)
    : reactor_(reactor), clock_(clock), random_(random) {}

Forwarder::~Forwarder() {
  for (auto& [key, lookup] : lookups_) close(*lookup);
}

int64_t Forwarder::now_seconds() const {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_.monotonic().time_since_epoch()).count();
}

void Forwarder::set_upstreams(std::vector<sockaddr_in> upstreams) {
  const auto same = [](const Upstream& a, const sockaddr_in& b) { return std::memcmp(&a.address, &b, sizeof b) == 0; };
  if (std::equal(upstreams_.begin(), upstreams_.end(), upstreams.begin(), upstreams.end(), same)) return;
  upstreams_.clear();
  for (const auto& address : upstreams) upstreams_.push_back({.address = address});
  cache_.clear();
}

void Forwarder::ask(const Question& question, Callback done) {
  const std::string key = key_of(question);
  if (auto cached = cache_.get(key, now_seconds())) return done(*cached);
  if (const auto it = lookups_.find(key); it != lookups_.end()) {
    if (it->second->waiting.size() >= kWaitersMax) return done({});
    it->second->waiting.push_back(std::move(done));
    return;
  }
  if (upstreams_.empty() || lookups_.size() >= kInFlightMax) return done({});
  auto lookup = std::make_shared<Lookup>();
  lookup->key = key;
  lookup->question = question;
  lookup->question.name = lower(question.name);
  lookup->waiting.push_back(std::move(done));
  lookups_.emplace(key, lookup);
  next_try(lookup);
}

void Forwarder::close(Lookup& lookup) {
  if (lookup.fd) reactor_.forget(lookup.fd.get());
  lookup.fd.reset();
  if (lookup.timer_set) reactor_.cancel(lookup.timer);
  lookup.timer_set = false;
}

void Forwarder::next_try(const std::shared_ptr<Lookup>& lookup) {
  close(*lookup);
  if (lookup->tries >= kTriesMax || upstreams_.empty()) return finish(lookup, lookup->fallback);
  // Those that failed lately come last, otherwise the order of the file.
  std::vector<size_t> order;
  for (const bool bad : {false, true})
    for (size_t i = 0; i < upstreams_.size(); ++i)
      if ((upstreams_[i].bad_until > now_seconds()) == bad) order.push_back(i);
  lookup->upstream = order[lookup->tries % order.size()];
  ++lookup->tries;
  lookup->id = static_cast<uint16_t>(random_.next_u64());
  start_udp(lookup);
}

void Forwarder::start_udp(const std::shared_ptr<Lookup>& lookup) {
  const auto& to = upstreams_[lookup->upstream].address;
  lookup->fd = base::Fd(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string packet = build_query(lookup->id, lookup->question);
  const bool sent =
      lookup->fd && connect(lookup->fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
      send(lookup->fd.get(), packet.data(), packet.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(packet.size());
  lookup->timer = reactor_.after(kTryTimeout, [this, lookup] {
    lookup->timer_set = false;
    on_failure(lookup);
  });
  lookup->timer_set = true;
  if (!sent || !reactor_.watch(lookup->fd.get(), EPOLLIN, [this, lookup](uint32_t) { on_udp(lookup); })) {
    // Not from inside ask(): the caller may be anywhere. The timer does it.
    reactor_.cancel(lookup->timer);
    lookup->timer = reactor_.after(std::chrono::nanoseconds(0), [this, lookup] {
      lookup->timer_set = false;
      on_failure(lookup);
    });
  }
}

void Forwarder::on_udp(const std::shared_ptr<Lookup>& lookup) {
  char buffer[4096];
  const ssize_t n = recv(lookup->fd.get(), buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) return on_failure(lookup);  // ECONNREFUSED: nobody there, no need to wait
  on_response(lookup, std::string_view(buffer, static_cast<size_t>(n)), false);
}

void Forwarder::on_response(const std::shared_ptr<Lookup>& lookup, std::string_view packet, bool tcp) {
  auto scan = scan_response(packet);
  if (!scan || scan->id != lookup->id || !same_question(scan->question, lookup->question)) {
    if (tcp) on_failure(lookup);
    return;  // by UDP a forged one must not end the wait for the true one
  }
  if (scan->truncated && !tcp) {
    close(*lookup);
    return start_tcp(lookup);
  }
  std::string response(packet.substr(0, scan->additional_at));
  response[0] = response[1] = 0;
  response[10] = response[11] = 0;
  response.replace(kHeaderBytes, lookup->question.name.size(), lookup->question.name);
  const bool failed = scan->rcode != Rcode::kNoError && scan->rcode != Rcode::kNxDomain;
  if (failed) {
    lookup->fallback = response;
    return next_try(lookup);
  }
  std::erase_if(scan->ttl_offsets, [&](size_t at) { return at + 4 > scan->additional_at; });
  const uint32_t ttl = scan->ttl_min == UINT32_MAX ? 0 : std::min(scan->ttl_min, kCacheTtlMax_seconds);
  cache_.put(lookup->key, response, std::move(scan->ttl_offsets), now_seconds(), ttl);
  finish(lookup, response);
}

void Forwarder::on_failure(const std::shared_ptr<Lookup>& lookup) {
  if (lookup->upstream < upstreams_.size())
    upstreams_[lookup->upstream].bad_until = now_seconds() + kBadUpstream_seconds;
  next_try(lookup);
}

void Forwarder::finish(const std::shared_ptr<Lookup>& lookup, const std::string& response) {
  close(*lookup);
  if (!response.empty() && response == lookup->fallback)
    cache_.put(lookup->key, response, {}, now_seconds(), kServFailTtl_seconds);
  const auto keep = lookup;
  lookups_.erase(lookup->key);
  for (auto& done : keep->waiting) done(response);
}

void Forwarder::start_tcp(const std::shared_ptr<Lookup>& lookup) {
  const auto& to = upstreams_[lookup->upstream].address;
  const std::string packet = build_query(lookup->id, lookup->question);
  lookup->tcp_out =
      std::string{static_cast<char>(packet.size() >> 8), static_cast<char>(packet.size() & 0xff)} + packet;
  lookup->tcp_in.clear();
  lookup->fd = base::Fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool started =
      lookup->fd &&
      (connect(lookup->fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS) &&
      reactor_.watch(lookup->fd.get(), EPOLLOUT, [this, lookup](uint32_t events) { on_tcp(lookup, events); })
          .has_value();
  lookup->timer =
      reactor_.after(started ? std::chrono::nanoseconds(kTryTimeout) : std::chrono::nanoseconds(0), [this, lookup] {
        lookup->timer_set = false;
        on_failure(lookup);
      });
  lookup->timer_set = true;
}

void Forwarder::on_tcp(const std::shared_ptr<Lookup>& lookup, uint32_t events) {
  const int fd = lookup->fd.get();
  if ((events & EPOLLOUT) != 0) {
    const ssize_t n = send(fd, lookup->tcp_out.data(), lookup->tcp_out.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return on_failure(lookup);
    if (n > 0) lookup->tcp_out.erase(0, static_cast<size_t>(n));
    if (lookup->tcp_out.empty()) reactor_.change(fd, EPOLLIN);
    return;
  }
  char buffer[16384];
  const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return on_failure(lookup);
  lookup->tcp_in.append(buffer, static_cast<size_t>(n));
  if (lookup->tcp_in.size() < 2) return;
  const size_t length =
      size_t{static_cast<unsigned char>(lookup->tcp_in[0])} << 8 | static_cast<unsigned char>(lookup->tcp_in[1]);
  if (lookup->tcp_in.size() < length + 2) return;
  const std::string packet = lookup->tcp_in.substr(2, length);
  on_response(lookup, packet, true);
}

}  // namespace appliance::net::dns
