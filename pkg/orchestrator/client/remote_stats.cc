#include "orchestrator/client/remote_stats.h"

#include <map>
#include <mutex>
#include <set>

#include "base/elastic_pool.h"
#include "net/http/client.h"
#include "net/http/message.h"
#include "orchestrator/api/quantity.h"
#include "orchestrator/client/node_target.h"
#include "orchestrator/client/stats_summary.h"
#include "orchestrator/client/usage_reply.h"

namespace appliance::orchestrator::client {
namespace {

using Done = UsageReply::Done;

constexpr std::chrono::milliseconds kConnectTimeout{2000};
constexpr size_t kWaitingMax = 1024;  // questions for a free thread

int cores_of(const json::Value& node) {
  const auto* cpu = json::find(node, {"status", "capacity", "cpu"});
  if (cpu == nullptr) return 0;
  const auto quantity = api::Quantity::parse(cpu->is_string() ? std::string(cpu->as_string()) : json::serialize(*cpu));
  return quantity ? static_cast<int>(quantity->value()) : 0;
}

Result<NodeUsage> ask(net::http::Client& client, const NodeTarget& target) {
  const auto reply =
      client.send({.path = "/stats/summary", .body_bytes_max = kStatsBytesMax, .deadline = kStatsDeadline});
  if (!reply) return fail(target.error(reply.error()));
  if (reply->status != 200)
    return fail(unreachable(target.node, "GET /stats/summary: status " + std::to_string(reply->status)));
  const auto document = TRY_CTX(json::parse(reply->body), "node \"" + target.node + "\"");
  return parse_stats_summary(document);
}

class StatsRouter final : public NodeStats {
 public:
  StatsRouter(StatsRouterOptions options, InformerSource& informers)
      : options_(std::move(options)), nodes_(informers.informer("nodes")) {}
  ~StatsRouter() override {
    std::set<std::shared_ptr<net::http::Client>> busy;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      busy = busy_;
    }
    for (const auto& client : busy) client->cancel();
    pool_.stop();
  }

  void usage(const std::string& node, Done done) override {
    if (node == options_.local_node && options_.local != nullptr) return options_.local->usage(node, std::move(done));
    const ObjectPtr object = nodes_.get({"", node});
    if (!object) return done(fail(Code::kNotFound, "nodes \"" + node + "\" not found"));
    auto target = node_target(node, object, options_.credentials);
    if (!target) return done(fail(target.error()));
    // What is refused is answered by the UsageReply, which goes with its task.
    (void)pool_.post([this, target = std::move(*target), cores = cores_of(object->document()),
                      reply = UsageReply(node, std::move(done))]() mutable { fetch(target, cores, reply); });
  }

 private:
  void fetch(const NodeTarget& target, int cores, UsageReply& reply) {
    const auto client = take(target);
    if (!client) return;
    auto answer = ask(*client, target);
    give_back(target, client, answer.has_value());
    if (answer) answer->cores = cores;
    reply.tell(std::move(answer));
  }

  // A connection is kept while its node answers: no handshake every two seconds. Null: the router goes.
  std::shared_ptr<net::http::Client> take(const NodeTarget& target) {
    std::shared_ptr<net::http::Client> client;
    const std::lock_guard lock(mutex_);
    if (stopping_) return nullptr;
    if (auto kept = kept_.extract(target.base_url)) client = std::move(kept.mapped());
    if (!client)
      client = std::make_shared<net::http::Client>(
          net::http::ClientOptions{.base_url = target.base_url,
                                   .ca_pem = target.credentials.ca_pem,
                                   .certificate_pem = target.credentials.certificate_pem,
                                   .key_pem = target.credentials.key_pem,
                                   .common_name = target.common_name(),
                                   .connect_timeout = kConnectTimeout,
                                   .read_timeout = kStatsDeadline});
    busy_.insert(client);
    return client;
  }
  void give_back(const NodeTarget& target, const std::shared_ptr<net::http::Client>& client, bool good) {
    const std::lock_guard lock(mutex_);
    busy_.erase(client);
    if (good && !stopping_) kept_[target.base_url] = client;
  }

  const StatsRouterOptions options_;
  const Informer& nodes_;
  std::mutex mutex_;
  bool stopping_ = false;                                           // GUARDED_BY(mutex_)
  std::map<std::string, std::shared_ptr<net::http::Client>> kept_;  // GUARDED_BY(mutex_); by URL; nodes are few
  std::set<std::shared_ptr<net::http::Client>> busy_;               // GUARDED_BY(mutex_)
  base::ElasticPool pool_{{.name = "node-stats", .threads_max = kStatsThreadsMax, .queue_max = kWaitingMax}};
};

}  // namespace

std::unique_ptr<NodeStats> make_stats_router(StatsRouterOptions options, InformerSource& informers) {
  return std::make_unique<StatsRouter>(std::move(options), informers);
}

}  // namespace appliance::orchestrator::client
