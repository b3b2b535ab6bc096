// A small registry for tests that answers as it is told: wrong bytes, wrong sizes, silence, redirects, challenges.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace appliance::runtime::image::test {

struct FakeRequest {
  std::string method;
  std::string path;                            // with the query
  std::map<std::string, std::string> headers;  // names in lower case
};
struct FakeAnswer {
  int status = 200;
  std::string headers = {};  // "Name: value\r\n…"
  std::string body = {};
  int64_t stated_length = -1;  // Content-Length; -1 = the body's, -2 = none
  bool stall = false;          // keeps the connection and sends nothing more until the registry ends
};

class FakeRegistry {
 public:
  using Handler = std::function<FakeAnswer(const FakeRequest&)>;
  explicit FakeRegistry(Handler handler);
  ~FakeRegistry();
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<FakeRequest> seen() const;

 private:
  void serve();
  void answer(base::Fd peer);
  Handler handler_;
  int port_ = 0;
  base::Fd listener_;
  base::Fd stop_;  // eventfd
  mutable std::mutex mutex_;
  std::vector<FakeRequest> seen_;
  std::vector<std::thread> peers_;
  std::thread thread_;
};

}  // namespace appliance::runtime::image::test
