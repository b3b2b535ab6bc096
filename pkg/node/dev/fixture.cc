#include "node/dev/fixture.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "base/fs.h"
#include "base/metrics.h"
#include "net/http/client.h"
#include "node/control_plane.h"
#include "node/dev/fixture_fs.h"
#include "node/dev/fixture_objects.h"
#include "node/dev/fixture_seed.h"
#include "node/dev/fixture_streams.h"
#include "node/dev/fixture_usage.h"

namespace appliance::node::dev {
namespace {

constexpr int kNetThreads = 2;

// A folder that goes when this does.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> make(const std::string& parent) {
    std::string path = parent + "/appliance-fixture-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return fail_errno("make a folder in " + parent);
    return TemporaryFolder(std::move(path));
  }
  ~TemporaryFolder() { (void)remove(); }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  Result<> remove() {
    if (path_.empty()) return {};
    return base::remove_tree(std::exchange(path_, {}));
  }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

Config config_of(const FixtureSettings& settings, const std::string& dir) {
  Config config;
  config.data_dir = dir;
  config.run_dir = dir + "/run";
  config.node_name = "fixture";
  config.node_ip = "127.0.0.1";
  config.bind_address = "127.0.0.1";
  config.https_listen_port = settings.port;
  return config;
}

class Running final : public Fixture {
 public:
  Running(FixtureSettings settings, FixturePlan plan, TemporaryFolder folder, const base::Clock& clock,
          base::Random& random, const base::Log& log)
      : settings_(std::move(settings)),
        plan_(std::move(plan)),
        clock_(clock),
        log_(log),
        folder_(std::move(folder)),
        dir_(folder_.path()),
        config_(config_of(settings_, dir_)),
        fs_(base::make_real_fs()),
        unsynced_(*fs_),
        loop_({.name = "net", .threads = kNetThreads}),
        plane_({.config = config_,
                .clock = clock,
                .random = random,
                .log = log,
                .metrics = metrics_,
                .fs = unsynced_,
                .loop = loop_}) {}
  ~Running() override { Running::stop(); }

  Result<> open() {
    for (const auto& dir : {config_.store_dir(), config_.pki_dir()}) TRY(base::make_dirs(dir, 0700));
    step("store");
    TRY(plane_.open_store());
    done(dir_);
    step("objects");
    objects_ = TRY(seed_store(plane_.kv(), plan_, clock_.now(), settings_.cancelled));
    done(std::to_string(objects_));
    step("API server");
    TRY(plane_.open_api());
    auto& informers = plane_.api().informers();
    streams_.emplace(
        FixtureStreams::Deps{.informers = informers, .clock = clock_, .lines_per_second = settings_.log_rate});
    plane_.api().set_node_streams(&*streams_);
    usage_.emplace(plan_, informers, clock_);
    plane_.api().set_node_stats(&*usage_);
    TRY(plane_.listen());
    plane_.start_compaction();
    done(plane_.url());
    churn_.emplace(ChurnDeps{.plan = plan_,
                             .rate = settings_.rate,
                             .kv = plane_.kv(),
                             .informers = plane_.api().informers(),
                             .clock = clock_});
    churn_->start();
    return {};
  }

  void stop() override {
    if (stopped_) return;
    stopped_ = true;
    if (churn_) churn_->stop();
    if (plane_.serves()) {
      plane_.api().set_node_streams(nullptr);
      plane_.api().set_node_stats(nullptr);
    }
    if (streams_) streams_->stop();
    plane_.stop_listener();
    plane_.stop_api();
    plane_.close_api();
    loop_.stop();
    plane_.stop_store();
    if (auto removed = folder_.remove(); !removed) log_.warn("the folder stays", {{"error", removed.error()}});
  }

  [[nodiscard]] std::string url() const override { return plane_.url(); }
  [[nodiscard]] Result<std::string> link() const override {
    const auto& pki = plane_.pki();
    net::http::Client client(
        {.base_url = url(), .ca_pem = pki.ca_pem, .certificate_pem = pki.admin_pem, .key_pem = pki.admin_key_pem});
    const auto reply = TRY_CTX(client.send({.method = "POST", .path = "/ui/v1/links"}), "link to the dashboard");
    const auto body = TRY_CTX(json::parse(reply.body), "link to the dashboard");
    const auto path = json::string_at(body, {"path"});
    if (path.empty()) return fail(Code::kInternal, "link to the dashboard: status " + std::to_string(reply.status));
    return url() + std::string(path);
  }
  [[nodiscard]] std::string kubeconfig() const override { return config_.admin_kubeconfig(); }
  [[nodiscard]] std::string dir() const override { return dir_; }
  [[nodiscard]] const FixturePlan& plan() const override { return plan_; }
  [[nodiscard]] size_t objects() const override { return objects_; }
  [[nodiscard]] ChurnCounts counts() const override { return churn_ ? churn_->counts() : ChurnCounts{}; }

 private:
  void step(std::string_view what) const {
    if (settings_.step) settings_.step(what);
  }
  void done(std::string_view note) const {
    if (settings_.step_done) settings_.step_done(note);
  }

  const FixtureSettings settings_;
  const FixturePlan plan_;
  const base::Clock& clock_;
  const base::Log log_;
  TemporaryFolder folder_;
  const std::string dir_;
  const Config config_;
  base::Metrics metrics_;
  std::unique_ptr<base::Fs> fs_;
  UnsyncedFs unsynced_;
  net::Loop loop_;
  ControlPlane plane_;
  std::optional<FixtureStreams> streams_;
  std::optional<FixtureUsage> usage_;
  std::optional<Churn> churn_;
  size_t objects_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Fixture>> Fixture::start(FixtureSettings settings, const base::Clock& clock,
                                                base::Random& random, const base::Log& log) {
  auto plan = TRY(plan_fixture(settings.objects));
  auto folder = TRY(TemporaryFolder::make(settings.parent_dir));
  auto out = std::make_unique<Running>(std::move(settings), std::move(plan), std::move(folder), clock, random, log);
  TRY(out->open());
  return std::unique_ptr<Fixture>(std::move(out));
}

}  // namespace appliance::node::dev
