// Client of the OCI distribution protocol (distribution-spec 1.1, "Pulling"; Docker token authentication).
//
//   Endpoint endpoint(TRY(endpoints_of(reference, options)).front(), reference, options, scope);
//   auto manifest = TRY(endpoint.manifest("1.25"));
//   TRY(endpoint.blob(layer, [&](std::string_view piece) { return writer.write(piece); }));
//
// HTTPS, and plain HTTP for loopback alone. Bearer tokens and basic authentication; secrets go to the registry and to
// the realm that it names, never to a mirror and never along a redirect to another host. Each request is tried a few
// times with jittered back-off; a blob goes on where it broke off. Bytes are passed on as they come: whoever writes
// them checks the digest (content::BlobWriter). Blocking; an Endpoint may be used by several threads.
//
// Errors: kNotFound, kUnauthenticated, kPermissionDenied, kUnavailable, kDeadlineExceeded (stalled), kDataLoss (another
// size than announced), kCancelled; the message begins with the request: `GET blobs/sha256:…: 401 …`.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "net/http/client.h"
#include "runtime/oci/digest.h"
#include "runtime/oci/image_spec.h"
#include "runtime/registry/challenge.h"

namespace appliance::runtime::registry {

struct Credentials {
  std::string username;
  std::string password;
  std::string identity_token;
};

struct Options {
  std::map<std::string, std::vector<std::string>> mirrors;  // registry host -> base URLs tried first
  std::vector<Credentials> credentials;                     // tried in order
  std::string ca_pem;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};  // without a byte
  int attempts_max = 4;                             // in a row without progress
  std::chrono::milliseconds backoff_first{250};     // doubles, with jitter
};

// Ends all requests of one pull: at the deadline, or when one of them has failed.
class Scope {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  explicit Scope(Deadline deadline) : deadline_(deadline) {}
  void cancel();  // thread-safe; returns when no request runs any more
  [[nodiscard]] bool over() const;
  [[nodiscard]] Error reason() const;  // kDeadlineExceeded or kCancelled
  // Waits between two attempts; false when the scope is over.
  bool pause(std::chrono::milliseconds time);
  Result<net::http::Reply> send(net::http::Client& client, net::http::ClientRequest request);
  // Cancels at the deadline; runs on a thread of its own until finish().
  void watch();
  void finish();

 private:
  const Deadline deadline_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool cancelled_ = false;
  bool finished_ = false;
  std::set<net::http::Client*> clients_;
};

struct Host {
  std::string base_url;  // "" = probe: a loopback registry may speak either
  std::string name;      // host[:port]
  bool mirror = false;
};
// Mirrors first, then the registry itself. kInvalidArgument, kPermissionDenied: a mirror's URL.
Result<std::vector<Host>> endpoints_of(const oci::Reference& reference, const Options& options);

struct Fetched {
  std::string bytes;
  std::string media_type;
  std::string digest;
};

class Endpoint {
 public:
  Endpoint(Host host, std::string repository, const Options& options, Scope& scope, base::Random& random)
      : host_(std::move(host)), repository_(std::move(repository)), options_(options), scope_(scope), random_(random) {}
  Result<Fetched> manifest(const std::string& tag_or_digest);
  using Piece = std::function<Result<>(std::string_view)>;
  Result<> blob(const oci::Descriptor& blob, const Piece& on_piece);
  Result<std::string> document(const oci::Descriptor& blob);  // a small one, whole and checked

 private:
  struct Answer;
  struct Transfer;
  using Data = std::function<bool(const net::http::Response&, std::string_view)>;
  Result<std::string> base_url();
  Result<net::http::Reply> get(const std::string& what, net::http::Headers headers, const Data& on_data);
  Result<net::http::Reply> get_once(const std::string& path, const net::http::Headers& headers, const Data& on_data);
  Result<net::http::Reply> follow(Url url, net::http::Headers headers, const std::string& authorization,
                                  const Data& on_data);
  Result<net::http::Reply> request(const Url& url, net::http::ClientRequest request);
  Result<bool> authorize(const net::http::Reply& refused, const std::string& used);
  Result<std::string> answer_challenge(const Challenge& challenge, const Credentials* credentials);
  Result<std::string> fetch_token(const Challenge& challenge, const Credentials* credentials);

  const Host host_;
  const std::string repository_;
  const Options& options_;
  Scope& scope_;
  base::Random& random_;
  std::mutex mutex_;  // the four below; held while a token is fetched, so that it is fetched once
  std::string base_url_;
  std::string authorization_;
  size_t credential_ = 0;  // the next to try
  bool worked_ = false;    // authorization_ was accepted once: a refusal later means that it expired
};

}  // namespace appliance::runtime::registry
