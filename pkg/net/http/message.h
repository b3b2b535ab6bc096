// HTTP messages as our server and handlers see them: plain values, no library types.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace appliance::net::http {

struct Header {
  std::string name;
  std::string value;
};

class Headers {
 public:
  [[nodiscard]] std::string_view get(std::string_view name) const;  // first, case-insensitive; "" when absent
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  void set(std::string name, std::string value);  // replaces every field of that name
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }

 private:
  std::vector<Header> fields_;
};

// Who is at the other end, when it showed a certificate that our client CA signed.
struct PeerCertificate {
  std::string common_name;                 // Kubernetes user
  std::vector<std::string> organizations;  // Kubernetes groups
  std::string sha256;                      // hex of the DER
  std::string public_key_sha256{};         // hex of the SubjectPublicKeyInfo
};

using Query = std::vector<std::pair<std::string, std::string>>;  // decoded, in order
Query parse_query(std::string_view text);                        // "a=1&b=%2F" (plus is a blank)

struct Request {
  std::string method;
  std::string target;  // as on the wire
  std::string path;    // decoded, without the query; always begins with '/'
  Query query;
  Headers headers;
  std::string body;  // whole, at most ServerOptions::body_bytes_max
  std::optional<PeerCertificate> peer;
  std::string peer_error;  // why a certificate that was shown is not in `peer`; empty when none was shown or it is good
  std::string remote_address;  // "192.0.2.1:34567"; "unix" on a unix socket
  bool websocket_upgrade = false;

  [[nodiscard]] std::string_view query_value(std::string_view name) const;  // first; "" when absent
  [[nodiscard]] bool has_query(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> query_values(std::string_view name) const;
  [[nodiscard]] bool query_flag(std::string_view name) const;  // present and "", "1" or "true"
};

// Bytes that something else may own: a response is an iovec of these, so cached objects go out without a copy.
struct Chunk {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
  static Chunk of(std::string text) {
    auto shared = std::make_shared<const std::string>(std::move(text));
    const std::string_view view = *shared;
    return {std::move(shared), view};
  }
  static Chunk of(std::shared_ptr<const std::string> shared) {
    const std::string_view view = *shared;
    return {std::move(shared), view};
  }
  static Chunk literal(std::string_view text) { return {nullptr, text}; }  // static storage only
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  Headers headers;
  std::vector<Chunk> body;
};
// The Code of an answer with a status over 399 that says nothing more.
Code code_of_http(int status);
Response text_response(int status, std::string body, std::string content_type = "text/plain; charset=utf-8");

}  // namespace appliance::net::http
