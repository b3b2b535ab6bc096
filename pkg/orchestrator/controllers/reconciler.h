// Reconciler: one per kind of object that a controller keeps in shape. Level-triggered: it is told a key, never an
// event; reconcile() reads the informers, computes a pure plan and applies it through the Client. It never runs twice
// at once for one key. Errors requeue the key with back-off (runner.h).
//
//   class ReplicaSets final : public Reconciler {
//     std::vector<Watch> watches() const override { return {{"replicasets.apps", self_key}, {"pods",
//     controller_key("ReplicaSet")}}; } Result<Outcome> reconcile(const ObjectKey& key, Context& context) override;
//   };
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "orchestrator/client/client.h"

namespace appliance::orchestrator::controllers {

using api::ObjectKey;
using api::ObjectPtr;
using client::Notice;

struct Outcome {
  std::optional<std::chrono::nanoseconds> requeue_after;  // look again then, if nothing happens before
};

// What a reconciler may use. Writes go through it, so that the runner knows up to which revision this controller must
// have read before it looks at the key again (controllers read their own writes).
class Context {
 public:
  Context(client::Client& client, client::InformerSource& informers, const base::Clock& clock, base::Random& random,
          base::Log log)
      : client_(client), informers_(informers), clock_(clock), random_(random), log_(std::move(log)) {}

  [[nodiscard]] client::Informer& informer(std::string_view resource) { return informers_.informer(resource); }
  [[nodiscard]] const base::Clock& clock() const { return clock_; }
  [[nodiscard]] base::Random& random() { return random_; }
  [[nodiscard]] const base::Log& log() const { return log_; }
  [[nodiscard]] int64_t now_seconds() const;

  Result<json::Value> create(std::string_view resource, std::string_view ns, const json::Value& object);
  // POST to NAME/subresource ("binding"); NAME is the object's metadata.name.
  Result<json::Value> create_at(std::string_view resource, std::string_view ns, const json::Value& object,
                                std::string_view subresource);
  Result<json::Value> update(std::string_view resource, const ObjectKey& key, const json::Value& object,
                             std::string_view subresource = {});
  Result<json::Value> patch(std::string_view resource, const ObjectKey& key, const json::Value& merge,
                            std::string_view subresource = {});
  // Writes the status alone, as a patch, so that nothing else of an object that moved on is put back. Does nothing when
  // it is as it should be.
  Result<> write_status(std::string_view resource, const ObjectKey& key, const json::Value& document,
                        const json::Object& status);
  Result<> remove(std::string_view resource, const ObjectKey& key, const client::DeleteOptions& options = {});
  // After one or more remove(), whose answers carry no revision, when the next plan would be wrong without seeing them:
  // reads one of the objects again. The server answers from a cache that has all that was written before.
  Result<> read_back(std::string_view resource, const ObjectKey& key);
  // Writes an Event about `object`; failures are logged, an event never fails a reconcile.
  void event(const json::Value& object, bool warning, std::string_view reason, std::string_view message);

  [[nodiscard]] int64_t revision_written() const { return revision_written_; }

 private:
  Result<json::Value> noted(Result<json::Value> written);
  client::Client& client_;
  client::InformerSource& informers_;
  const base::Clock& clock_;
  base::Random& random_;
  base::Log log_;
  int64_t revision_written_ = 0;
};

// Which changes of `resource` ask for which keys.
struct Watch {
  std::string_view resource;
  std::function<std::vector<ObjectKey>(const Notice&, client::InformerSource&)> keys_of;
};
std::vector<ObjectKey> self_key(const Notice& notice, client::InformerSource&);  // the object itself
// The object's controlling owner of this kind, before and after the change.
std::function<std::vector<ObjectKey>(const Notice&, client::InformerSource&)> controller_key(std::string_view kind);

class Reconciler {
 public:
  virtual ~Reconciler() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::vector<Watch> watches() const = 0;
  virtual Result<Outcome> reconcile(const ObjectKey& key, Context& context) = 0;
};

}  // namespace appliance::orchestrator::controllers
