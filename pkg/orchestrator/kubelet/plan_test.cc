// The decision tables of the kubelet. Each case: a pod, what is observed, the actions that must follow.
#include "orchestrator/kubelet/plan.h"

#include <catch2/catch.hpp>

#include "base/strings.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::ContainerState;
using std::chrono::seconds;

const WallTime kNow{seconds(1'000'000)};

PodSpec pod_of(const std::string& spec) {
  auto document = json::parse(R"({"metadata":{"name":"p","namespace":"ns","uid":"u"},"spec":)" + spec + "}");
  REQUIRE(document);
  auto pod = parse_pod(std::move(*document));
  REQUIRE(pod);
  return std::move(*pod);
}
PodSpec simple(const std::string& policy = "Always") {
  return pod_of(R"({"restartPolicy":")" + policy + R"(","containers":[{"name":"web","image":"i"}]})");
}

// A pod whose sandbox, network and volumes stand.
Observed prepared() {
  Observed o;
  o.sandboxes = {{.id = "s0", .attempt = 0, .ready = true}};
  o.network_attached = true;
  o.volumes_ready = true;
  o.reported = true;
  return o;
}

ContainerRecord running(const std::string& id, uint32_t attempt = 0) {
  ContainerRecord r;
  r.id = id;
  r.sandbox_id = "s0";
  r.attempt = attempt;
  r.state = ContainerState::kRunning;
  r.started = kNow - seconds(5);
  return r;
}
ContainerRecord ended(const std::string& id, int code, int64_t ago, int64_t backoff, uint32_t attempt = 0,
                      int64_t ran = 1) {
  ContainerRecord r = running(id, attempt);
  r.state = ContainerState::kExited;
  r.exit_code = code;
  r.finished = kNow - seconds(ago);
  r.started = r.finished - seconds(ran);
  r.backoff_seconds = backoff;
  return r;
}
void image_present(Observed& o, const std::string& container, uint32_t attempt) {
  o.containers[container].image = {.state = ImageView::State::kPresent, .attempt = attempt, .id = "sha256:1"};
}
void up(Observed& o, const std::string& container, const ContainerRecord& r) {
  o.containers[container].records.insert(o.containers[container].records.begin(), r);
  o.containers[container].started = true;
  o.containers[container].ready = true;
}

std::string steps(const PodSpec& pod, const Observed& o, const Desired& desired = {}) {
  std::vector<std::string> out;
  for (const auto& action : plan(pod, desired, o, kNow)) out.push_back(to_string(action));
  return base::join(out, "; ");
}
std::string at(int64_t in_seconds) { return "at=" + base::format_rfc3339(kNow + seconds(in_seconds)); }

TEST_CASE("plan: a new pod gets sandbox, network and volumes in one go, then its image, container and start") {
  const auto pod = simple();
  CHECK(steps(pod, {}) == "RunSandbox attempt=0; AttachNet; SetupVolumes");
  auto o = prepared();
  CHECK(steps(pod, o) == "EnsureImage web");
  image_present(o, "web", 0);
  CHECK(steps(pod, o) == "CreateContainer web attempt=0 backoff=0");
  auto created = running("c0");
  created.state = ContainerState::kCreated;
  o.containers["web"].records = {created};
  CHECK(steps(pod, o) == "StartContainer web id=c0");
  o.containers["web"].records = {running("c0")};
  o.reported = false;
  CHECK(steps(pod, o) == "ReportStatus");
  o.reported = true;
  CHECK(steps(pod, o).empty());
}

TEST_CASE("plan: hostNetwork pods are not attached") {
  CHECK(steps(pod_of(R"({"hostNetwork":true,"containers":[{"name":"web","image":"i"}]})"), {}) ==
        "RunSandbox attempt=0; SetupVolumes");
}

TEST_CASE("plan: after a failed step nothing happens before the retry time but a report") {
  Observed o;
  o.setup_retry_at = kNow + seconds(3);
  CHECK(steps(simple(), o) == "ReportStatus; WaitUntil " + at(3));
}

TEST_CASE(
    "plan: the first failure restarts at once, later ones after 10 s doubling to 300 s, afresh after 10 minutes") {
  const auto pod = simple();
  struct Row {
    int64_t ago, backoff, ran;
    std::string expected;
  };
  const std::vector<Row> rows{
      {0, 0, 1, "CreateContainer web attempt=4 backoff=10"},
      {3, 10, 1, "WaitUntil web attempt=3 " + at(7)},
      {10, 10, 1, "CreateContainer web attempt=4 backoff=20"},
      {41, 40, 1, "CreateContainer web attempt=4 backoff=80"},
      {160, 160, 1, "CreateContainer web attempt=4 backoff=300"},
      {299, 300, 1, "WaitUntil web attempt=3 " + at(1)},
      {300, 300, 1, "CreateContainer web attempt=4 backoff=300"},
      {0, 300, 600, "CreateContainer web attempt=4 backoff=10"},
      {-5, 300, 1, "CreateContainer web attempt=4 backoff=300"},  // the clock jumped back: better early than never
  };
  for (const auto& row : rows) {
    auto o = prepared();
    o.containers["web"].records = {ended("c3", 1, row.ago, row.backoff, 3, row.ran)};
    image_present(o, "web", 4);
    INFO(row.ago << ' ' << row.backoff << ' ' << row.ran);
    CHECK(steps(pod, o) == row.expected);
  }
}

TEST_CASE("plan: a container that never began waits as one that failed") {
  auto o = prepared();
  o.containers["web"].records = {ended("c3", 128, 3, 10, 3)};
  o.containers["web"].records[0].started = {};
  image_present(o, "web", 4);
  CHECK(steps(simple(), o) == "WaitUntil web attempt=3 " + at(7));
  o.containers["web"].records[0].finished = kNow - seconds(10);
  CHECK(steps(simple(), o) == "CreateContainer web attempt=4 backoff=20");
}

TEST_CASE("plan: restart policies") {
  struct Row {
    std::string policy;
    int code;
    std::string expected;
  };
  const std::vector<Row> rows{{"Always", 0, "EnsureImage web attempt=1"},
                              {"Always", 1, "EnsureImage web attempt=1"},
                              {"OnFailure", 1, "EnsureImage web attempt=1"},
                              {"OnFailure", 0, "StopSandbox id=s0; DetachNet; RemoveSandbox id=s0"},
                              {"Never", 0, "StopSandbox id=s0; DetachNet; RemoveSandbox id=s0"},
                              {"Never", 1, "StopSandbox id=s0; DetachNet; RemoveSandbox id=s0"}};
  for (const auto& row : rows) {
    auto o = prepared();
    o.containers["web"].records = {ended("c0", row.code, 1, 0)};
    INFO(row.policy << ' ' << row.code);
    CHECK(steps(simple(row.policy), o) == row.expected);
  }
}

TEST_CASE("plan: a finished pod is reported before its sandbox is given back") {
  auto o = prepared();
  o.reported = false;
  o.containers["web"].records = {ended("c0", 0, 1, 0)};
  CHECK(steps(simple("Never"), o) == "ReportStatus");
}

const std::string kInit =
    R"({"restartPolicy":"Always","initContainers":[{"name":"i1","image":"i"},{"name":"side","image":"i","restartPolicy":"Always"},
        {"name":"i2","image":"i"}],"containers":[{"name":"web","image":"i"}]})";

TEST_CASE("plan: init containers run one by one, a sidecar lets the next start once it is started") {
  const auto pod = pod_of(kInit);
  auto o = prepared();
  CHECK(steps(pod, o) == "EnsureImage i1");
  o.containers["i1"].records = {running("a")};
  CHECK(steps(pod, o).empty());
  o.containers["i1"].records = {ended("a", 0, 1, 0)};
  CHECK(steps(pod, o) == "EnsureImage side");
  o.containers["side"].records = {running("b")};
  o.containers["side"].started = false;  // its startup probe
  CHECK(steps(pod, o).empty());
  o.containers["side"].started = true;
  CHECK(steps(pod, o) == "EnsureImage i2");
  o.containers["i2"].records = {ended("c", 0, 1, 0)};
  CHECK(steps(pod, o) == "EnsureImage web");
  CHECK(init_done(pod, o));
}

TEST_CASE("plan: a failed init container is retried with back-off, with Never the pod is finished") {
  auto o = prepared();
  o.containers["i1"].records = {ended("a", 1, 2, 10, 1)};
  CHECK(steps(pod_of(kInit), o) == "WaitUntil i1 attempt=1 " + at(8));
  auto never = kInit;
  never.replace(never.find("Always"), 6, "Never");
  CHECK(pod_finished(pod_of(never), o));
  CHECK(steps(pod_of(never), o) == "StopSandbox id=s0; DetachNet; RemoveSandbox id=s0");
}

TEST_CASE("plan: a sidecar that ends while the pod runs comes back") {
  const auto pod = pod_of(kInit);
  auto o = prepared();
  o.containers["i1"].records = {ended("a", 0, 9, 0)};
  o.containers["i2"].records = {ended("c", 0, 9, 0)};
  o.containers["side"].records = {ended("b", 0, 1, 0)};
  up(o, "web", running("d"));
  CHECK(steps(pod, o) == "EnsureImage side attempt=1");
}

TEST_CASE("plan: image states") {
  auto o = prepared();
  o.containers["web"].image = {.state = ImageView::State::kPulling};
  CHECK(steps(simple(), o).empty());
  o.containers["web"].image = {.state = ImageView::State::kFailed, .retry_at = kNow + seconds(4)};
  CHECK(steps(simple(), o) == "WaitUntil " + at(4));
  o.containers["web"].image.retry_at = kNow;
  CHECK(steps(simple(), o) == "EnsureImage web");
  image_present(o, "web", 7);  // of another attempt: Always means each start asks again
  CHECK(steps(simple(), o) == "EnsureImage web");
}

TEST_CASE("plan: a liveness failure stops the container within the pod's grace, once") {
  auto o = prepared();
  up(o, "web", running("c0"));
  o.containers["web"].restart_wanted = true;
  CHECK(steps(simple(), o) == "StopContainer web id=c0 " + at(30));
  o.containers["web"].restart_grace_seconds = 5;
  CHECK(steps(simple(), o) == "StopContainer web id=c0 " + at(5));
  o.containers["web"].stopping = true;
  o.containers["web"].stop_deadline = kNow + seconds(5);
  CHECK(steps(simple(), o).empty());
}

TEST_CASE("plan: deletion stops app containers together, then sidecars in reverse, then everything goes") {
  auto spec = pod_of(
      R"({"initContainers":[{"name":"s1","image":"i","restartPolicy":"Always"},{"name":"s2","image":"i","restartPolicy":"Always"}],
          "containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]})");
  const Desired gone{.terminate = true, .kill_deadline = kNow + seconds(30), .final_delete = true};
  auto o = prepared();
  for (const auto* name : {"s1", "s2", "a", "b"}) up(o, name, running(name));
  CHECK(steps(spec, o, gone) == "StopContainer a id=a " + at(30) + "; StopContainer b id=b " + at(30));
  o.containers["a"].records = {ended("a", 0, 1, 0)};
  o.containers["b"].records = {ended("b", 0, 1, 0)};
  CHECK(steps(spec, o, gone) == "StopContainer s2 id=s2 " + at(30));
  o.containers["s2"].records = {ended("s2", 0, 1, 0)};
  CHECK(steps(spec, o, gone) == "StopContainer s1 id=s1 " + at(30));
  o.containers["s1"].records = {ended("s1", 0, 1, 0)};
  o.reported = false;
  CHECK(steps(spec, o, gone) ==
        "ReportStatus; StopSandbox id=s0; DetachNet; RemoveSandbox id=s0; TeardownVolumes; FinalDelete; Forget");
}

TEST_CASE("plan: a shorter grace stops again, a longer one does not") {
  auto o = prepared();
  up(o, "web", running("c0"));
  o.containers["web"].stopping = true;
  o.containers["web"].stop_deadline = kNow + seconds(30);
  Desired gone{.terminate = true, .kill_deadline = kNow + seconds(2), .final_delete = true};
  CHECK(steps(simple(), o, gone) == "StopContainer web id=c0 " + at(2));
  gone.kill_deadline = kNow + seconds(60);
  CHECK(steps(simple(), o, gone).empty());
}

TEST_CASE("plan: an orphan is torn down without a word to the API") {
  auto o = prepared();
  o.reported = false;
  o.containers["web"].records = {ended("c0", 0, 1, 0)};
  CHECK(steps(simple(), o, {.terminate = true, .kill_deadline = kNow, .report = false}) ==
        "StopSandbox id=s0; DetachNet; RemoveSandbox id=s0; TeardownVolumes; Forget");
}

TEST_CASE("plan: a dead sandbox is replaced; what ran in it starts again at once with the next attempt") {
  const auto pod = simple();
  auto o = prepared();
  o.sandboxes[0].ready = false;
  o.containers["web"].records = {ended("c0", 255, 1, 300)};
  CHECK(steps(pod, o) ==
        "StopSandbox id=s0; DetachNet; RemoveSandbox id=s0; RunSandbox attempt=1; AttachNet; SetupVolumes");
  o.sandboxes = {{.id = "s1", .attempt = 1, .ready = true}};
  o.containers["web"].records[0].from_api = true;
  o.attempt_floor["web"] = 1;
  CHECK(steps(pod, o) == "EnsureImage web attempt=1");
}

TEST_CASE("plan: after a reboot only what may run again does") {
  auto o = prepared();
  auto record = ended("c0", 137, 1, 0);
  record.from_api = true;
  record.sandbox_id.clear();
  o.containers["web"].records = {record};
  CHECK(steps(simple("Always"), o) == "EnsureImage web attempt=1");
  o.sandboxes.clear();
  o.network_attached = false;
  CHECK(steps(simple("Never"), o).empty());  // it was lost: the pod has failed
}

TEST_CASE("plan: a terminal pod never starts again") {
  auto o = prepared();
  o.terminal = true;
  o.containers["web"].records = {ended("c0", 1, 100, 0)};
  CHECK(steps(simple("Always"), o) == "StopSandbox id=s0; DetachNet; RemoveSandbox id=s0");
}

TEST_CASE("plan: only the last ended life is kept beside the running one") {
  auto o = prepared();
  up(o, "web", ended("c0", 1, 90, 0, 0));
  up(o, "web", ended("c1", 1, 60, 0, 1));
  up(o, "web", running("c2", 2));
  CHECK(steps(simple(), o) == "RemoveContainer web id=c0");
}

TEST_CASE("plan: one container that waits does not hold back another") {
  const auto pod = pod_of(R"({"containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]})");
  auto o = prepared();
  o.containers["a"].image = {.state = ImageView::State::kPulling};
  CHECK(steps(pod, o) == "EnsureImage b");
}

}  // namespace
}  // namespace appliance::orchestrator::kubelet
