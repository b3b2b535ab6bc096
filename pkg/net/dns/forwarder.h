// Forwarder: asks upstream servers what is not in our zone, caches the answers, joins equal questions. Every query has
// a socket (so a port) and an id of its own; an answer must come from the server asked and repeat id and question. A
// truncated answer is asked again by TCP. Lives on its Reactor's thread.
//
//   forwarder.ask(question, [](const std::string& response) { ... });
// `response` is a message without additional section, with the id 0 and the question in lower case; a failure is an
// empty string (answer SERVFAIL). The callback may run before ask() returns (cache) and always runs, unless the
// forwarder is destroyed.
#pragma once

#include <netinet/in.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "net/dns/cache.h"
#include "net/dns/codec.h"
#include "net/dns/reactor.h"

namespace appliance::net::dns {

constexpr size_t kInFlightMax = 1000;          // a descriptor each; as CoreDNS's max_concurrent
constexpr size_t kWaitersMax = 256;            // clients behind one question
constexpr size_t kCacheBytesMax = 4U << 20U;   // ~10,000 answers
constexpr uint32_t kCacheTtlMax_seconds = 30;  // as kubeadm's Corefile
constexpr uint32_t kServFailTtl_seconds = 1;   // RFC 9520: at least 1 s
constexpr auto kTryTimeout = std::chrono::seconds(2);
constexpr size_t kTriesMax = 3;

class Forwarder {
 public:
  using Callback = std::move_only_function<void(const std::string& response)>;
  Forwarder(Reactor& reactor, const base::Clock& clock, base::Random& random);
  ~Forwarder();

  void set_upstreams(std::vector<sockaddr_in> upstreams);  // in order of preference; empties the cache when they change
  [[nodiscard]] size_t in_flight() const { return lookups_.size(); }
  void ask(const Question& question, Callback done);

 private:
  struct Lookup;
  void next_try(const std::shared_ptr<Lookup>& lookup);
  void start_udp(const std::shared_ptr<Lookup>& lookup);
  void start_tcp(const std::shared_ptr<Lookup>& lookup);
  void on_udp(const std::shared_ptr<Lookup>& lookup);
  void on_tcp(const std::shared_ptr<Lookup>& lookup, uint32_t events);
  void on_response(const std::shared_ptr<Lookup>& lookup, std::string_view packet, bool tcp);
  void on_failure(const std::shared_ptr<Lookup>& lookup);
  void finish(const std::shared_ptr<Lookup>& lookup, const std::string& response);
  void close(Lookup& lookup);
  [[nodiscard]] int64_t now_seconds() const;

  Reactor& reactor_;
  const base::Clock& clock_;
  base::Random& random_;
  struct Upstream {
    sockaddr_in address{};
    int64_t bad_until = 0;  // failed lately: asked last
  };
  std::vector<Upstream> upstreams_;
  std::map<std::string, std::shared_ptr<Lookup>> lookups_;  // by key
  Cache cache_{kCacheBytesMax};
};

}  // namespace appliance::net::dns
