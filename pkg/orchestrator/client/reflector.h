// Reflector: keeps one RemoteView in step with the API: list, watch, and again, on a thread of its own. For
// remote_informers.cc only.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "net/http/client.h"
#include "orchestrator/client/remote_view.h"
#include "orchestrator/client/rest.h"

namespace appliance::orchestrator::client {

// What all reflectors of one source connect with; credentials change.
class SharedCredentials {
 public:
  explicit SharedCredentials(HttpsOptions options) : options_(std::move(options)) {}
  [[nodiscard]] HttpsOptions get() const {
    const std::lock_guard lock(mutex_);
    return options_;
  }
  void set(const std::string& certificate_pem, const std::string& key_pem) {
    const std::lock_guard lock(mutex_);
    options_.certificate_pem = certificate_pem;
    options_.key_pem = key_pem;
  }

 private:
  mutable std::mutex mutex_;
  HttpsOptions options_;
};

struct ReflectorOptions {
  const api::Kind* kind = nullptr;
  std::string field_selector;
  std::chrono::milliseconds retry_max{5000};
  std::chrono::seconds watch_timeout{300};
  base::Log log;
};

class Reflector {
 public:
  // `changed` is called, on the reflector's thread, when the state below changed.
  Reflector(ReflectorOptions options, const SharedCredentials& credentials, NoticeQueue& notices,
            const base::Clock& clock, base::Random& random, std::function<void()> changed);
  ~Reflector() { stop(); }
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  struct State {
    bool synced = false;    // has listed once
    bool answered = false;  // the last attempt was
    std::string error;      // of the last attempt that failed; "" after a good one
  };
  [[nodiscard]] State state() const;
  RemoteView& view() { return view_; }
  void renew();       // ends the connection; the next one uses the credentials of that time
  void begin_stop();  // returns at once
  void stop();        // idempotent; waits for at most a connection attempt

 private:
  void run();
  Result<> turn();
  Result<> list();
  Result<> read_page(const std::string& path, std::vector<ObjectPtr>& objects, int64_t& revision, std::string& next);
  Result<> watch();
  Result<> on_event(std::string_view line);
  Result<ObjectPtr> read(const json::Value& document);
  Result<net::http::Reply> send(net::http::ClientRequest request);
  std::shared_ptr<net::http::Client> connection();
  void note_good();
  void note_bad(const Error& error);
  bool wait_before_retry();  // false: stopping
  [[nodiscard]] std::string query() const;

  const ReflectorOptions options_;
  const SharedCredentials& credentials_;
  const base::Clock& clock_;
  base::Random& random_;
  const std::function<void()> changed_;
  NoticeQueue& notices_;
  RemoteView view_;

  // The thread's own:
  std::optional<int64_t> position_;  // the watch goes on from here; unset: list first
  unsigned failures_ = 0;            // in a row
  std::optional<Code> told_;         // the failure that was logged last

  mutable std::mutex mutex_;  // the rest
  std::condition_variable wake_;
  std::shared_ptr<net::http::Client> connection_;
  State state_;
  bool renewed_ = false;
  bool stopping_ = false;
  std::thread thread_;  // last: starts when all else is there
};

}  // namespace appliance::orchestrator::client
