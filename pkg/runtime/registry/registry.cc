#include "runtime/registry/registry.h"

#include <algorithm>

#include "base/crypto/sha256.h"
#include "base/json/json.h"
#include "base/strings.h"

namespace appliance::runtime::registry {

namespace {

using net::http::ClientRequest;
using net::http::Headers;
using net::http::Reply;
using net::http::Response;

constexpr int kRedirectsMax = 5;
constexpr int kAuthRoundsMax = 6;      // credentials of several secrets
constexpr int kAttemptsTotalMax = 50;  // of one blob, with progress in between
constexpr size_t kErrorBodyMax = 64U << 10U;
constexpr std::chrono::milliseconds kBackoffMax{10'000};
constexpr std::string_view kAcceptManifests =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Code code_of(int status) {
  if (status == 401) return Code::kUnauthenticated;
  if (status == 403) return Code::kPermissionDenied;
  if (status == 404) return Code::kNotFound;
  if (status == 429) return Code::kResourceExhausted;
  return status >= 500 ? Code::kUnavailable : Code::kFailedPrecondition;
}

// What the registry says about it, when it is short and printable: {"errors":[{"code","message"}]}.
std::string explanation(std::string_view body) {
  const auto parsed = json::parse(body.substr(0, kErrorBodyMax));
  if (!parsed) return {};
  const json::Array& errors = json::array_at(*parsed, {"errors"});
  if (errors.empty()) return {};
  std::string text(json::string_at(errors[0], {"message"}));
  if (text.empty()) text = json::string_at(errors[0], {"code"});
  text.resize(std::min<size_t>(text.size(), 200));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text.empty() ? "" : " " + text;
}

std::unexpected<Error> bad_status(const Reply& reply) {
  return fail(code_of(reply.status), std::to_string(reply.status) + explanation(reply.body));
}

bool worth_another_try(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded;
}

bool status_worth_another_try(int status) { return status == 429 || status == 408 || (status >= 500 && status != 501); }

}  // namespace

Result<std::vector<Host>> endpoints_of(const oci::Reference& reference, const Options& options) {
  std::vector<Host> out;
  if (const auto found = options.mirrors.find(reference.registry); found != options.mirrors.end()) {
    for (const std::string& text : found->second) {
      const Url url = TRY_CTX(parse_url(text), "mirror of " + reference.registry);
      std::string path = url.path;
      while (path.ends_with('/')) path.pop_back();
      out.push_back({.base_url = url.base + path, .name = std::string(url.host()), .mirror = true});
    }
  }
  Host own{.base_url = {}, .name = reference.registry};
  if (reference.registry == "docker.io")
    own.base_url = "https://registry-1.docker.io";
  else if (!oci::is_loopback_registry(reference.registry))
    own.base_url = "https://" + reference.registry;
  out.push_back(std::move(own));
  return out;
}

// A loopback registry speaks plain HTTP, unless a request in plain HTTP, without secrets, shows that it wants TLS.
Result<std::string> Endpoint::base_url() {
  const std::scoped_lock lock(mutex_);
  if (!base_url_.empty()) return base_url_;
  if (!host_.base_url.empty()) return base_url_ = host_.base_url;
  const std::string plain = "http://" + host_.name;
  const auto reply = request({.base = plain, .path = "/v2/"}, {});
  if (!reply && reply.error().code == Code::kCancelled) return fail(reply.error());
  const bool refused = reply && reply->status == 400;  // "Client sent an HTTP request to an HTTPS server."
  const bool hung_up = !reply && reply.error().message.find("connection lost") != std::string::npos;
  if (!reply && !hung_up) return fail(reply.error());
  return base_url_ = refused || hung_up ? "https://" + host_.name : plain;
}

Result<Reply> Endpoint::request(const Url& url, ClientRequest request) {
  net::http::Client client({.base_url = url.base,
                            .ca_pem = options_.ca_pem,
                            .connect_timeout = options_.connect_timeout,
                            .read_timeout = options_.stall_timeout});
  if (request.path.empty()) request.path = url.path;
  auto reply = scope_.send(client, std::move(request));
  if (!reply && scope_.over() && reply.error().code == Code::kCancelled) return fail(scope_.reason());
  return reply;
}

// One GET along its redirects. `authorization` goes to the first host only.
Result<Reply> Endpoint::follow(Url url, Headers headers, const std::string& authorization, const Data& on_data) {
  const std::string first_base = url.base;
  for (int hop = 0; hop <= kRedirectsMax; ++hop) {
    ClientRequest request;
    request.headers = headers;
    request.path = url.path;
    request.body_bytes_max = oci::kDocumentBytesMax;
    if (!authorization.empty() && url.base == first_base) request.headers.set("Authorization", authorization);
    std::string error_body;
    if (on_data) {
      request.on_data = [&](const Response& head, std::string_view piece) {
        if (head.status == 200 || head.status == 206) return on_data(head, piece);
        error_body.append(piece.substr(0, kErrorBodyMax - std::min(kErrorBodyMax, error_body.size())));
        return error_body.size() < kErrorBodyMax;
      };
    }
    Reply reply = TRY(this->request(url, std::move(request)));
    if (on_data) reply.body = std::move(error_body);
    if (!is_redirect(reply.status)) return reply;
    const std::string_view location = reply.headers.get("Location");
    if (location.empty()) return fail(Code::kUnavailable, "a redirect without a target");
    url = TRY(resolve_location(url, location));
  }
  return fail(Code::kUnavailable, "more than " + std::to_string(kRedirectsMax) + " redirects");
}

Result<Reply> Endpoint::get_once(const std::string& path, const Headers& headers, const Data& on_data) {
  const std::string base = TRY(base_url());
  const size_t slash = base.find('/', base.find("://") + 3);  // a mirror's URL may have a path
  const std::string prefix = slash == std::string::npos ? "" : base.substr(slash);
  const Url url{.base = base.substr(0, slash), .path = prefix + path};
  for (int round = 0; round < kAuthRoundsMax; ++round) {
    std::string authorization;
    {
      const std::scoped_lock lock(mutex_);
      authorization = authorization_;
    }
    Reply reply = TRY(follow(url, headers, authorization, on_data));
    if (reply.status != 401) {
      const std::scoped_lock lock(mutex_);
      if (reply.status < 400 && authorization == authorization_) worked_ = true;
      return reply;
    }
    if (!TRY(authorize(reply, authorization))) return reply;
  }
  return fail(Code::kUnauthenticated, "401 after every known credential");
}

// Tries again, with jittered back-off, what another attempt may heal. Errors begin with the request.
Result<Reply> Endpoint::get(const std::string& what, Headers headers, const Data& on_data) {
  const std::string path = "/v2/" + repository_ + '/' + what;
  auto wait = options_.backoff_first;
  for (int attempt = 1;; ++attempt) {
    auto reply = get_once(path, headers, on_data);
    const bool again = reply ? status_worth_another_try(reply->status) : worth_another_try(reply.error());
    if (!again || attempt >= options_.attempts_max || scope_.over()) {
      if (!reply) return fail(reply.error().wrap("GET " + what));
      return reply;
    }
    const auto jittered =
        wait / 2 + std::chrono::milliseconds(random_.below(static_cast<uint64_t>(wait.count()) / 2 + 1));
    if (!scope_.pause(jittered)) return fail(scope_.reason().wrap("GET " + what));
    wait = std::min(wait * 2, kBackoffMax);
  }
}

Result<Fetched> Endpoint::manifest(const std::string& tag_or_digest) {
  const std::string what = "manifests/" + tag_or_digest;
  Headers headers;
  headers.add("Accept", std::string(kAcceptManifests));
  const Reply reply = TRY(get(what, std::move(headers), {}));
  if (reply.status != 200) return fail(bad_status(reply).error().wrap("GET " + what));
  Fetched out{.bytes = reply.body, .media_type = std::string(reply.headers.get("Content-Type")), .digest = {}};
  out.digest = "sha256:" + crypto::sha256_hex(out.bytes);
  const std::string_view stated = reply.headers.get("Docker-Content-Digest");
  const std::string expected = oci::valid_digest(tag_or_digest) ? tag_or_digest : std::string(stated);
  if (oci::valid_digest(expected) && out.digest != expected) {
    return fail(Code::kDataLoss, "GET " + what + ": digest is " + out.digest + ", expected " + expected);
  }
  return out;
}

// One blob over several attempts: what came is kept and the rest is asked for.
struct Endpoint::Transfer {
  const oci::Descriptor& blob;
  const Piece& on_piece;
  uint64_t done = 0;
  uint64_t skip = 0;  // bytes of this answer that we have already
  bool begun = false;
  Result<> error = {};

  bool begin(const Response& head) {
    begun = true;
    skip = head.status == 206 ? 0 : done;
    if (head.status == 206 && !head.headers.get("Content-Range").starts_with("bytes " + std::to_string(done) + '-')) {
      error = fail(Code::kUnavailable, "the registry sent another range than asked for");
      return false;
    }
    const auto length = base::parse_int<uint64_t>(head.headers.get("Content-Length"));
    const uint64_t expected = head.status == 206 ? blob.size - done : blob.size;
    if (length && *length != expected) {
      error = fail(Code::kDataLoss,
                   "size is " + std::to_string(*length) + " bytes, expected " + std::to_string(expected) + " bytes");
      return false;
    }
    return true;
  }
  bool data(const Response& head, std::string_view piece) {
    if (!begun && !begin(head)) return false;
    const uint64_t skipped = std::min<uint64_t>(skip, piece.size());
    skip -= skipped;
    piece.remove_prefix(skipped);
    if (piece.size() > blob.size - done) {
      error = fail(Code::kDataLoss, "size is more than the expected " + std::to_string(blob.size) + " bytes");
      return false;
    }
    done += piece.size();
    error = on_piece(piece);
    return error.has_value();
  }
};

Result<> Endpoint::blob(const oci::Descriptor& blob, const Piece& on_piece) {
  const std::string what = "blobs/" + blob.digest;
  Transfer transfer{.blob = blob, .on_piece = on_piece};
  int idle_attempts = 0;
  for (int attempt = 0; attempt < kAttemptsTotalMax; ++attempt) {
    Headers headers;
    if (transfer.done > 0) headers.add("Range", "bytes=" + std::to_string(transfer.done) + '-');
    const uint64_t before = transfer.done;
    transfer.begun = false;
    const auto reply =
        get_once("/v2/" + repository_ + '/' + what, headers,
                 [&](const Response& head, std::string_view piece) { return transfer.data(head, piece); });
    if (!transfer.error && transfer.error.error().code != Code::kUnavailable) {
      return fail(transfer.error.error().wrap("GET " + what));
    }
    const bool good = reply && (reply->status == 200 || reply->status == 206);
    if (good && transfer.done == blob.size) return {};
    // The connection ended in good order but too early.
    if (good && reply->headers.get("Content-Length").empty()) {
      return fail(Code::kDataLoss, "GET " + what + ": size is " + std::to_string(transfer.done) + " bytes, expected " +
                                       std::to_string(blob.size) + " bytes");
    }
    const Error error = !transfer.error ? transfer.error.error()
                        : !reply        ? reply.error()
                        : good          ? Error{Code::kUnavailable, "broke off", 0, {}}
                                        : bad_status(*reply).error();
    const bool again =
        !transfer.error || good || (reply ? status_worth_another_try(reply->status) : worth_another_try(error));
    transfer.error = {};
    idle_attempts = transfer.done > before ? 0 : idle_attempts + 1;
    if (!again || idle_attempts >= options_.attempts_max || scope_.over()) {
      return fail((scope_.over() ? scope_.reason() : error).wrap("GET " + what));
    }
    const auto wait = std::min(options_.backoff_first * (1 << std::min(idle_attempts, 6)), kBackoffMax);
    if (!scope_.pause(wait / 2 +
                      std::chrono::milliseconds(random_.below(static_cast<uint64_t>(wait.count()) / 2 + 1)))) {
      return fail(scope_.reason().wrap("GET " + what));
    }
  }
  return fail(Code::kUnavailable, "GET " + what + ": broke off too often");
}

Result<std::string> Endpoint::document(const oci::Descriptor& descriptor) {
  if (descriptor.size > oci::kDocumentBytesMax)
    return fail(Code::kResourceExhausted, descriptor.digest + ": over 4 MiB");
  std::string out;
  TRY(blob(descriptor, [&](std::string_view piece) -> Result<> {
    out += piece;
    return {};
  }));
  const std::string got = "sha256:" + crypto::sha256_hex(out);
  if (got == descriptor.digest) return out;
  return fail(Code::kDataLoss,
              "GET blobs/" + descriptor.digest + ": digest is " + got + ", expected " + descriptor.digest);
}

}  // namespace appliance::runtime::registry
