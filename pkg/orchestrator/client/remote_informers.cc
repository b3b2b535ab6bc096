#include "orchestrator/client/remote_informers.h"

#include <algorithm>
#include <condition_variable>

#include "base/check.h"
#include "orchestrator/client/reflector.h"

namespace appliance::orchestrator::client {

struct RemoteInformers::Core {
  Core(RemoteInformerOptions given, const base::Clock& clock_in, base::Random& random_in)
      : options(std::move(given)), credentials(options.https), clock(clock_in), random(random_in) {
    if (!options.kinds) options.kinds = api::builtin_kinds();
  }

  Reflector& reflector(std::string_view resource) {
    const api::Kind* kind = options.kinds->by_resource(resource);
    APP_CHECK_MSG(kind != nullptr, resource);
    const std::lock_guard lock(mutex);
    auto& slot = reflectors[std::string(resource)];
    if (slot) return *slot;
    ReflectorOptions one;
    one.kind = kind;
    if (const auto at = options.field_selectors.find(std::string(resource)); at != options.field_selectors.end())
      one.field_selector = at->second;
    one.retry_max = options.retry_max;
    one.watch_timeout = options.watch_timeout;
    one.log = options.log.with({{"resource", resource}});
    slot = std::make_unique<Reflector>(std::move(one), credentials, notices, clock, random, [this] {
      const std::lock_guard inner(change_mutex);
      ++changes;
      changed.notify_all();
    });
    return *slot;
  }
  std::vector<std::pair<std::string, Reflector*>> all() const {
    const std::lock_guard lock(mutex);
    std::vector<std::pair<std::string, Reflector*>> out;
    for (const auto& [resource, reflector] : reflectors) out.emplace_back(resource, reflector.get());
    return out;
  }

  RemoteInformerOptions options;
  SharedCredentials credentials;
  const base::Clock& clock;
  base::Random& random;
  NoticeQueue notices;

  std::mutex change_mutex;  // leaf: reflectors take it while they start
  std::condition_variable changed;
  uint64_t changes = 0;  // GUARDED_BY(change_mutex)

  mutable std::mutex mutex;
  std::map<std::string, std::unique_ptr<Reflector>> reflectors;  // GUARDED_BY(mutex); none leaves before the end
};

RemoteInformers::RemoteInformers(RemoteInformerOptions options, const base::Clock& clock, base::Random& random)
    : core_(std::make_unique<Core>(std::move(options), clock, random)) {}
RemoteInformers::~RemoteInformers() { stop(); }

Informer& RemoteInformers::informer(std::string_view resource) { return core_->reflector(resource).view(); }

Informer* RemoteInformers::find(std::string_view resource) {
  const bool carried = std::ranges::find(core_->options.resources, resource) != core_->options.resources.end();
  return carried ? &informer(resource) : nullptr;
}

Result<> RemoteInformers::wait_synced(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    std::unique_lock lock(core_->change_mutex);
    const uint64_t seen = core_->changes;
    lock.unlock();
    std::string late;
    for (const auto& [resource, reflector] : core_->all()) {
      const auto state = reflector->state();
      if (state.synced) continue;
      late += (late.empty() ? "" : "; ") + resource + ": " + (state.error.empty() ? "no answer yet" : state.error);
    }
    if (late.empty()) return {};
    lock.lock();
    if (!core_->changed.wait_until(lock, end, [&] { return core_->changes != seen; }))
      return fail(Code::kDeadlineExceeded, "not everything was listed in time: " + late);
  }
}

void RemoteInformers::stop() {
  for (const auto& [resource, reflector] : core_->all()) reflector->begin_stop();
  core_->notices.stop();  // before the threads are joined: they may wait for room in it
  for (const auto& [resource, reflector] : core_->all()) reflector->stop();
}

void RemoteInformers::set_credentials(const std::string& certificate_pem, const std::string& key_pem) {
  core_->credentials.set(certificate_pem, key_pem);
  for (const auto& [resource, reflector] : core_->all()) reflector->renew();
}

bool RemoteInformers::connected() const {
  return std::ranges::all_of(core_->all(), [](const auto& one) { return one.second->state().answered; });
}

}  // namespace appliance::orchestrator::client
