// appliance dev fixture: a cluster of synthetic objects to try pages and clients with, in the foreground.
#include <unistd.h>

#include <malloc.h>
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "base/executor.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"
#include "node/dev/fixture.h"
#include "node/stop_request.h"

namespace appliance::cmd {
namespace {

using node::dev::Fixture;

// Signals are read from a descriptor by one thread: block them before any other thread exists.
void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

// A terminal that is closed ends it as Ctrl-C does, unless somebody said nohup.
void hear_hangup() {
  const auto before = std::signal(SIGHUP, [](int) { (void)::kill(::getpid(), SIGTERM); });
  if (before == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
}

struct Flags {
  node::dev::FixtureSettings settings;
  int seed = 1;
  std::string output;
};

std::string wrong(const Flags& f) {
  const auto within = [](std::string_view name, int value, int least, int most) {
    return value >= least && value <= most
               ? std::string()
               : std::string(name) + ": from " + std::to_string(least) + " to " + std::to_string(most);
  };
  for (const auto& why :
       {within("--rate", f.settings.rate, 0, node::dev::kFixtureRateMax), within("--port", f.settings.port, 0, 65535),
        within("--log-rate", f.settings.log_rate, 1, node::dev::kFixtureLogRateMax),
        within("--seed", f.seed, 0, 1'000'000'000)})
    if (!why.empty()) return why;
  if (!f.output.empty() && f.output != "json") return "-o: json, or nothing";
  return {};
}

json::Value facts(const Fixture& fixture, const Flags& flags, const std::string& link) {
  const auto& plan = fixture.plan();
  return json::Object{{"url", fixture.url()},
                      {"link", link},
                      {"kubeconfig", fixture.kubeconfig()},
                      {"dir", fixture.dir()},
                      {"pid", getpid()},
                      {"pods", plan.pods.size()},
                      {"nodes", plan.nodes.size()},
                      {"namespaces", plan.namespaces.size()},
                      {"objects", fixture.objects()},
                      {"rate", flags.settings.rate},
                      {"seed", flags.seed}};
}

Result<> tell(const Fixture& fixture, const Flags& flags) {
  const auto link = TRY(fixture.link());
  if (!flags.output.empty()) {
    print(json::serialize(facts(fixture, flags, link)) + '\n');
    return {};
  }
  print("\nAPI             " + fixture.url() + "\nDashboard       " + link +
        "\n                good once, for a minute; another: KUBECONFIG=" + fixture.kubeconfig() +
        " appliance dashboard --no-open\nGo on with      kubectl --kubeconfig " + fixture.kubeconfig() +
        " get pods -A\nStop            Ctrl-C: the folder " + fixture.dir() + " goes with it\n");
  return {};
}

}  // namespace

int dev_fixture(Argv argv) {
  Flags flags;
  auto& objects = flags.settings.objects;
  Args args(
      "dev fixture",
      "serves a cluster of synthetic objects: API and dashboard, no containers; nothing of this machine is touched",
      {"appliance dev fixture --pods 200", "appliance dev fixture --pods 10000 --rate 500 -o json"});
  args.option("--pods", objects.pods, "how many, up to 100000 (1000)");
  args.option("--rate", flags.settings.rate, "changes a second, up to 5000 (0)");
  args.option("--nodes", objects.nodes, "how many, up to 2000 (20, or one for 500 pods)");
  args.option("--namespaces", objects.namespaces, "how many, up to 1000 (6)");
  args.option("--port", flags.settings.port, "of the API on 127.0.0.1; 0: any that is free (0)");
  args.option("--log-rate", flags.settings.log_rate, "log lines a second of each container (10)");
  args.flag("--hostile", objects.hostile, "also objects and logs full of markup, escapes and endless lines");
  args.option("--seed", flags.seed, "another seed makes another cluster (1)");
  args.option("-o,--output", flags.output, "json: one line of facts when it is ready");
  if (auto code = args.parse(argv)) return *code;
  if (auto why = wrong(flags); !why.empty()) return usage_error("dev fixture", why);
  objects.seed = static_cast<uint64_t>(flags.seed);
  if (const auto good = node::dev::check_fixture(objects); !good)
    return usage_error("dev fixture", good.error().message);

  base::set_thread_name("appliance");
  block_signals();
  hear_hangup();
  mallopt(M_ARENA_MAX, 4);  // as the server does, so that memory compares
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  const base::SystemClock clock;
  base::SystemRandom random;
  const base::Log log(
      std::make_shared<base::LogSink>(STDERR_FILENO, base::LogLevel::kWarn, base::LogFormat::kText, clock));
  std::atomic<bool> asked{false};
  node::StopRequest stop([&asked] { asked = true; });
  flags.settings.cancelled = [&asked] { return asked.load(); };
  if (const char* dir = std::getenv("TMPDIR"); dir != nullptr && *dir == '/') flags.settings.parent_dir = dir;
  Steps steps;
  if (flags.output.empty()) {
    flags.settings.step = [&steps](std::string_view what) { steps.begin(std::string(what)); };
    flags.settings.step_done = [&steps](std::string_view note) { steps.done(note); };
  }
  auto fixture = Fixture::start(flags.settings, clock, random, log);
  if (!fixture) return report("dev fixture", fixture.error());
  if (auto told = tell(**fixture, flags); !told) return report("dev fixture", told.error());
  (void)stop.wait();
  (*fixture)->stop();
  return kDone;
}

}  // namespace appliance::cmd
