#include "orchestrator/apiserver/live/problem.h"

#include "orchestrator/api/duration.h"
#include "orchestrator/apiserver/live/row.h"
#include "orchestrator/apiserver/live/test_objects.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

using testing::object_of;

constexpr int64_t kNow = 1'700'000'000;

std::string ago(int64_t seconds) { return api::rfc3339(kNow - seconds); }

struct Expected {
  std::string about;
  std::string text;  // of the pod behind its metadata
  int severity;
  std::string why;
};

Problem judge(const api::ObjectPtr& object) { return RowMaker(kNow).problem(*object); }

// A pod of one container `web` on n1, made 10 minutes ago, in that state.
std::string web(const std::string& state, const std::string& more = R"("ready":false,"restartCount":0)",
                const std::string& spec = "") {
  return R"("spec":{"nodeName":"n1","containers":[{"name":"web","image":"app:1")" + spec +
         R"(}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"False","lastTransitionTime":")" +
         ago(300) + R"("}],"containerStatuses":[{"name":"web","image":"app:1",)" + more + R"(,"state":)" + state +
         "}]}";
}

api::ObjectPtr pod(const std::string& text, int64_t age = 600, const std::string& meta = "") {
  return object_of("pods", R"({"metadata":{"name":"p","namespace":"d","uid":"u","creationTimestamp":")" + ago(age) +
                               "\"" + meta + "}," + text + "}");
}

void check(const std::vector<Expected>& table, const std::function<api::ObjectPtr(const std::string&)>& make) {
  for (const Expected& row : table) {
    INFO(row.about);
    const api::ObjectPtr object = make(row.text);
    const Problem found = judge(object);
    CHECK(found.severity == row.severity);
    CHECK(found.why == row.why);
    if (found.severity > 0) CHECK(may_have_problem(*object));
  }
}

std::string last_end(const std::string& reason, int code, int64_t finished, int64_t lived, int restarts, bool ready) {
  return R"("ready":)" + std::string(ready ? "true" : "false") + R"(,"restartCount":)" + std::to_string(restarts) +
         R"(,"lastState":{"terminated":{"reason":")" + reason + R"(","exitCode":)" + std::to_string(code) +
         R"(,"startedAt":")" + ago(finished + lived) + R"(","finishedAt":")" + ago(finished) + R"("}})";
}

constexpr const char* kRunning = R"({"running":{}})";

}  // namespace

TEST_CASE("live problem: containers that wait or ended") {
  const std::string back_off =
      R"({"waiting":{"reason":"CrashLoopBackOff","message":"back-off 2m40s restarting failed container=web pod=p_d"}
})";
  check(
      {{"crash loop", web(back_off, last_end("Error", 1, 60, 2, 5, false)), 2,
        "container web exited with code 1, 5 restarts; waits 2m40s before the next start"},
       {"one restart", web(back_off, last_end("Error", 3, 60, 2, 1, false)), 2,
        "container web exited with code 3, 1 restart; waits 2m40s before the next start"},
       {"killed for memory in a loop",
        web(back_off, last_end("OOMKilled", 137, 60, 2, 4, false), R"(,"resources":{"limits":{"memory":"64Mi"}})"), 2,
        "container web was killed for want of memory (limit 64Mi), 4 restarts; waits 2m40s before the next start"},
       {"a loop of which nothing is known", web(R"({"waiting":{"reason":"CrashLoopBackOff"}})"), 2,
        "container web ends again and again; waits before the next start"},
       {"image, first try", web(R"({"waiting":{"reason":"ErrImagePull","message":"no such tag"}})"), 2,
        "the image of container web cannot be pulled: app:1: no such tag"},
       {"image, later",
        web(R"({"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image \"app:1\": ErrImagePull: get app:1: 404"}})"),
        2, "the image of container web cannot be pulled: get app:1: 404"},
       {"image never pulled", web(R"({"waiting":{"reason":"ErrImageNeverPull"}})"), 2,
        "the image of container web cannot be pulled: app:1: ErrImageNeverPull"},
       {"configuration",
        web(R"({"waiting":{"reason":"CreateContainerConfigError","message":"configmap \"c\" not found"}})"), 2,
        "container web cannot be started: configmap \"c\" not found"},
       {"unknown reason", web(R"({"waiting":{"reason":"Nonsense"}})"), 2, "container web cannot be started: Nonsense"},
       {"ended", web(R"({"terminated":{"exitCode":7,"reason":"Error"}})"), 2, "container web exited with code 7"},
       {"ended by a signal", web(R"({"terminated":{"exitCode":139,"signal":11}})"), 2,
        "container web was ended by signal 11"},
       {"cannot start", web(R"({"terminated":{"exitCode":128,"reason":"StartError","message":"exec: no such file"}})"),
        2, "container web cannot be started: exec: no such file"},
       {"ended well, others go on", web(R"({"terminated":{"exitCode":0}})", R"("ready":false,"restartCount":0)"), 1,
        "not ready"}},
      [](const std::string& text) { return pod(text); });
}

TEST_CASE("live problem: an init container is named as one") {
  const std::string spec =
      R"("spec":{"nodeName":"n1","initContainers":[{"name":"setup"}],"containers":[{"name":"web"}]},)";
  check({{"fails", spec + R"("status":{"phase":"Pending","initContainerStatuses":[{"name":"setup","restartCount":2,
          "state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":2}}}],
          "containerStatuses":[{"name":"web","state":{"waiting":{"reason":"PodInitializing"}}}]})",
          2, "init container setup exited with code 2, 2 restarts; waits before the next start"},
         {"runs for long",
          spec + R"("status":{"phase":"Pending","conditions":[{"type":"Ready","status":"False",
          "lastTransitionTime":")" +
              ago(300) + R"("}],"initContainerStatuses":[{"name":"setup","state":{"running":{}}}],
          "containerStatuses":[{"name":"web","state":{"waiting":{"reason":"PodInitializing"}}}]})",
          1, "init container setup has not ended yet: the others wait for it"}},
        [](const std::string& text) { return pod(text); });
}

TEST_CASE("live problem: not ready for long names the probe") {
  const auto with = [](const std::string& probe,
                       const std::string& more = R"("ready":false,"started":true,"restartCount":0)") {
    return web(kRunning, more, "," + probe);
  };
  check({{"http", with(R"("readinessProbe":{"httpGet":{"path":"/healthz","port":8080}})"), 1,
          "container web is not ready: its readiness probe (GET /healthz on port 8080) does not pass"},
         {"http, named port", with(R"("readinessProbe":{"httpGet":{"port":"http"}})"), 1,
          "container web is not ready: its readiness probe (GET / on port http) does not pass"},
         {"tcp", with(R"("readinessProbe":{"tcpSocket":{"port":5432}})"), 1,
          "container web is not ready: its readiness probe (TCP port 5432) does not pass"},
         {"exec", with(R"("readinessProbe":{"exec":{"command":["test","-f","/ready"]}})"), 1,
          "container web is not ready: its readiness probe (test -f /ready) does not pass"},
         {"startup",
          with(R"("startupProbe":{"grpc":{"port":9000}},"readinessProbe":{"tcpSocket":{"port":1}})",
               R"("ready":false,"started":false,"restartCount":0)"),
          1, "container web is not ready: its startup probe (gRPC on port 9000) does not pass"},
         {"no probe", web(kRunning), 1, "container web is not ready"}},
        [](const std::string& text) { return pod(text); });
}

TEST_CASE("live problem: what is young is given time") {
  const std::string making = web(R"({"waiting":{"reason":"ContainerCreating"}})");
  CHECK(judge(pod(making, kStartAfterSeconds - 1)).severity == 0);
  CHECK(judge(pod(making, kStartAfterSeconds)) == Problem{1, "container web is still being made"});
  const auto unready = [](int64_t since) {
    return pod(R"("spec":{"nodeName":"n1","containers":[{"name":"web"}]},"status":{"phase":"Running","conditions":[
        {"type":"Ready","status":"False","lastTransitionTime":")" +
               ago(since) + R"("}],
        "containerStatuses":[{"name":"web","ready":false,"state":{"running":{}}}]})");
  };
  CHECK(judge(unready(kNotReadyAfterSeconds - 1)).severity == 0);
  CHECK(judge(unready(kNotReadyAfterSeconds)).severity == 1);
}

TEST_CASE("live problem: ended lately and running again") {
  const auto ready = [](const std::string& more) {
    return R"("spec":{"nodeName":"n1","containers":[{"name":"web"}]},"status":{"phase":"Running","conditions":[
        {"type":"Ready","status":"True"}],"containerStatuses":[{"name":"web",)" +
           more + R"(,"state":{"running":{}}}]})";
  };
  check({{"memory", ready(last_end("OOMKilled", 137, 60, 5000, 1, true)), 1,
          "container web was killed for want of memory, 1 restart; runs again"},
         {"memory, long ago", ready(last_end("OOMKilled", 137, kRecentSeconds + 1, 50, 1, true)), 0, ""},
         {"crashes", ready(last_end("Error", 1, 60, 10, 3, true)), 1,
          "container web exited with code 1, 3 restarts; runs again"},
         {"a server's restart", ready(last_end("Error", 255, 60, 5000, 9, true)), 0, ""},
         {"once", ready(last_end("Error", 1, 60, 10, 1, true)), 0, ""}},
        [](const std::string& text) { return pod(text); });
}

TEST_CASE("live problem: pods that nobody takes, failed, are lost or do not go") {
  const std::string free = R"("spec":{"containers":[{"name":"web"}]},"status":{"phase":"Pending")";
  const auto condition = [](const std::string& fields) {
    return R"(,"conditions":[{"type":"PodScheduled",)" + fields + "}]}";
  };
  check(
      {{"unschedulable",
        free +
            condition(
                R"("status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 Insufficient cpu.")"),
        2, "no node takes it: 0/1 nodes are available: 1 Insufficient cpu."},
       {"gated", free + condition(R"("status":"False","reason":"SchedulingGated")"), 0, ""},
       {"forgotten", free + "}", 1, "no scheduler has looked at it yet"},
       {"not started", R"("spec":{"nodeName":"n1","containers":[{"name":"web"}]},"status":{"phase":"Pending"})", 1,
        "node n1 has not started it yet"},
       {"failed",
        R"("spec":{"nodeName":"n1"},"status":{"phase":"Failed","containerStatuses":[{"name":"web","state":{"terminated":{"exitCode":2}}}]})",
        2, "failed: container web exited with code 2"},
       {"failed for a reason",
        R"("spec":{"nodeName":"n1"},"status":{"phase":"Failed","reason":"DeadlineExceeded","message":"too slow"})", 2,
        "failed: DeadlineExceeded: too slow"},
       {"evicted",
        R"("spec":{"nodeName":"n1"},"status":{"phase":"Failed","reason":"Evicted","message":"low on memory"})", 1,
        "evicted: low on memory"},
       {"done", R"("spec":{"nodeName":"n1"},"status":{"phase":"Succeeded"})", 0, ""},
       {"lost", R"("spec":{"nodeName":"n1"},"status":{"phase":"Running","reason":"NodeLost"})", 2,
        "its node n1 does not answer"},
       {"well", R"("spec":{"nodeName":"n1"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],
          "containerStatuses":[{"name":"web","ready":true,"restartCount":0,"state":{"running":{}}}]})",
        0, ""}},
      [](const std::string& text) { return pod(text); });
  const auto going = [](int64_t due, const std::string& more) {
    return pod(web(kRunning), 600,
               R"(,"deletionGracePeriodSeconds":30,"deletionTimestamp":")" + ago(due) + "\"" + more);
  };
  CHECK(judge(going(kOverdueAfterSeconds - 1, "")).severity == 0);
  CHECK(judge(going(kOverdueAfterSeconds, "")) ==
        Problem{1, "is being deleted for longer than its grace period of 30 seconds"});
  CHECK(judge(going(100, R"(,"finalizers":["x.test/y"])")) ==
        Problem{1, "cannot be deleted yet: it waits for x.test/y"});
}

TEST_CASE("live problem: nodes") {
  const auto conditions = [](const std::string& list) {
    return object_of(
        "nodes",
        R"({"metadata":{"name":"n","uid":"u"},"spec":{"unschedulable":true},"status":{"conditions":[)" + list + "]}}");
  };
  const std::string ready = R"({"type":"Ready","status":"True"})";
  check({{"well, cordoned", ready, 0, ""},
         {"not ready", R"({"type":"Ready","status":"False","reason":"KubeletNotReady","message":"no network"})", 2,
          "not ready: no network"},
         {"silent", R"({"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown"})", 2,
          "does not answer: NodeStatusUnknown"},
         {"new", "", 2, "has not said yet whether it is ready"},
         {"memory", ready + R"(,{"type":"MemoryPressure","status":"True","message":"12Mi left"})", 1,
          "short of memory: 12Mi left"},
         {"disk", ready + R"(,{"type":"DiskPressure","status":"True"})", 1, "short of disk"},
         {"numbers", ready + R"(,{"type":"PIDPressure","status":"True"})", 1, "short of process numbers"},
         {"network", ready + R"(,{"type":"NetworkUnavailable","status":"True","reason":"NoRoute"})", 2,
          "its network is not set up: NoRoute"}},
        conditions);
}

TEST_CASE("live problem: deployments and replica sets") {
  const auto make = [](const std::string& rest) {
    return object_of("deployments.apps", R"({"metadata":{"name":"d","namespace":"n","uid":"u","creationTimestamp":")" +
                                             ago(600) + R"("},"spec":{"replicas":3},"status":{)" + rest + "}}");
  };
  const auto available = [](const std::string& status, int64_t since) {
    return R"({"type":"Available","status":")" + status + R"(","lastTransitionTime":")" + ago(since) + R"("})";
  };
  const std::string settled = R"({"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"})";
  const std::string rolling = R"({"type":"Progressing","status":"True","reason":"ReplicaSetUpdated"})";
  check(
      {{"well", R"("availableReplicas":3)", 0, ""},
       {"none", R"("conditions":[)" + available("False", 60) + "]", 2, "none of 3 replicas is available"},
       {"some", R"("availableReplicas":1,"conditions":[)" + available("False", 60) + "]", 1,
        "2 of 3 replicas are not available"},
       {"since a moment", R"("conditions":[)" + available("False", kUnavailableAfterSeconds - 1) + "]", 0, ""},
       {"one less than wanted", R"("availableReplicas":2,"conditions":[)" + available("True", 60) + "," + settled + "]",
        1, "1 of 3 replicas is not available"},
       {"on its way", R"("availableReplicas":2,"conditions":[)" + available("True", 60) + "," + rolling + "]", 0, ""},
       {"stuck",
        R"("availableReplicas":2,"conditions":[)" + available("True", 60) +
            R"(,{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}])",
        2, "the rollout does not get on: 1 of 3 replicas is not available"},
       {"stuck with enough", R"("availableReplicas":3,"conditions":[{"type":"Progressing","status":"False",
             "reason":"ProgressDeadlineExceeded","message":"ReplicaSet \"d-1\" has timed out progressing."}])",
        2, "the rollout does not get on: ReplicaSet \"d-1\" has timed out progressing."},
       {"refused", R"("conditions":[{"type":"ReplicaFailure","status":"True","message":"pods \"d-x\" is forbidden"}])",
        2, "pods cannot be made: pods \"d-x\" is forbidden"}},
      make);
  CHECK(
      judge(object_of("replicasets.apps", R"({"metadata":{"name":"d","namespace":"n","uid":"u"},"status":{"conditions":[
      {"type":"ReplicaFailure","status":"True","reason":"FailedCreate"}]}})")) ==
      Problem{2, "pods cannot be made: FailedCreate"});
}

TEST_CASE("live problem: a sentence is one line of bounded length, and no character is cut") {
  CHECK(one_line("a\nb\tc\r\n") == "a b c");
  for (size_t lead = 0; lead < 4; ++lead) {
    std::string text(lead, 'a');
    while (text.size() < kWhyBytesMax + 10) text += "\xe2\x82\xac";
    const std::string cut = one_line(text);
    CHECK(cut.size() <= kWhyBytesMax);
    CHECK(json::parse("\"" + cut + "\"").has_value());  // valid UTF-8
    CHECK(cut.ends_with("\xe2\x80\xa6"));
  }
  CHECK(one_line(std::string(kWhyBytesMax, 'x')).size() == kWhyBytesMax);
}

TEST_CASE("live problem: what cannot have one is known without reading it") {
  CHECK_FALSE(may_have_problem(*pod(R"("spec":{"nodeName":"n1"},"status":{"phase":"Succeeded"})")));
  CHECK_FALSE(may_have_problem(*pod(
      R"("spec":{"nodeName":"n1"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]})")));
  CHECK(may_have_problem(*pod(R"("spec":{"nodeName":"n1"},"status":{"phase":"Pending"})")));
  CHECK_FALSE(may_have_problem(*object_of("configmaps", R"({"metadata":{"name":"a","namespace":"b"}})")));
}

}  // namespace appliance::orchestrator::apiserver::live
