#include "orchestrator/api/selector.h"

#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

namespace {

bool matches(std::string_view selector, const Labels& labels) {
  auto parsed = LabelSelector::parse(selector);
  INFO(selector);
  REQUIRE(parsed.has_value());
  return parsed->matches(labels);
}

std::string error_of(std::string_view selector) {
  auto parsed = LabelSelector::parse(selector);
  return parsed ? "no error" : parsed.error().message;
}

}  // namespace

TEST_CASE("label selectors: every operator") {
  const Labels labels = {{"app", "web"}, {"n", "5"}, {"tier", ""}};
  for (const auto* yes : {"", "app=web", "app==web", "app!=x", "app in (web,x)", "app notin (x)", "app", "!none", "n>4",
                          "n<6", "tier=", "app in (web,x),!none", " app = web , n "})
    CHECK(matches(yes, labels));
  for (const auto* no :
       {"app=x", "app!=web", "app in (x)", "app notin (web)", "none", "!app", "n>5", "app=web,none", "none in (a)"})
    CHECK_FALSE(matches(no, labels));
  CHECK(matches("in in (in,notin)", {{"in", "notin"}}));
}

TEST_CASE("label selectors: the texts of bad ones") {
  CHECK(error_of("==x") == "found '==', expected: !, identifier, or 'end of string'");
  CHECK(error_of("a b") == "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
  CHECK(error_of("a in x") == "unable to parse requirement: found 'x' expected: '('");
  CHECK(error_of("a=b,") == "found '', expected: identifier after ','");
  CHECK(error_of("a,,b") == "found ',', expected: identifier after ','");
  CHECK(error_of("a=b=c") == "found '=', expected: ',' or 'end of string'");
  CHECK(error_of("a>x").find("the value must be an integer") != std::string::npos);
  CHECK(error_of("a/b/c=d").find("unable to parse requirement: key: Invalid value") == 0);
}

TEST_CASE("label selectors: from documents, and back to text") {
  const auto full = json_of(
      R"({"matchLabels":{"b":"1"},"matchExpressions":[{"key":"a","operator":"In","values":["y","x"]},{"key":"c","operator":"Exists"}]})");
  const auto selector = LabelSelector::from_json(&full);
  CHECK(selector.string() == "a in (x,y),b=1,c");
  CHECK(selector.matches({{"a", "x"}, {"b", "1"}, {"c", ""}}));
  CHECK_FALSE(selector.matches({{"a", "z"}, {"b", "1"}, {"c", ""}}));
  const json::Value none = json::Object();
  CHECK(LabelSelector::from_json(&none).matches({}));
  CHECK(LabelSelector::from_json(nullptr).matches_nothing());
  CHECK(LabelSelector::from_map(&none).matches_nothing());
  const auto odd = json_of(R"({"matchExpressions":[{"key":"a","operator":"Odd"}]})");
  CHECK_FALSE(LabelSelector::from_json(&odd).matches({{"a", "x"}}));
}

TEST_CASE("field selectors: what kinds offer, and what they refuse") {
  const Kind& pods = kind_of("pods");
  CHECK(FieldSelector::parse(pods, "spec.foo=bar").error().message == "field label not supported: spec.foo");
  CHECK(FieldSelector::parse(pods, "metadata.name").error().message ==
        "invalid selector: 'metadata.name'; can't understand 'metadata.name'");
  const auto pod =
      make_object(
          pods, 1,
          std::make_shared<const std::string>(
              R"({"metadata":{"name":"p","namespace":"d"},"spec":{"nodeName":"n","restartPolicy":"Always"},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"}]}})"))
          .value();
  for (const auto* yes :
       {"", "metadata.name=p", "metadata.namespace==d", "spec.nodeName=n,status.phase!=Succeeded",
        "spec.restartPolicy=Always", "spec.hostNetwork=false", "status.podIPs=10.0.0.1", "status.nominatedNodeName="}) {
    INFO(yes);
    CHECK(FieldSelector::parse(pods, yes)->matches(*pod));
  }
  for (const auto* no : {"metadata.name=q", "spec.nodeName!=n", "status.phase=Failed", "spec.schedulerName=x"})
    CHECK_FALSE(FieldSelector::parse(pods, no)->matches(*pod));
  CHECK(FieldSelector::parse(pods, "status.phase=x,metadata.name=p")->pinned("metadata.name") == "p");
  const Kind& events = kind_of("events");
  const auto event =
      make_object(
          events, 1,
          std::make_shared<const std::string>(
              R"({"metadata":{"name":"e","namespace":"d"},"involvedObject":{"kind":"Pod","uid":"u"},"source":{"component":"kubelet"}})"))
          .value();
  CHECK(FieldSelector::parse(events, "involvedObject.uid=u,involvedObject.kind=Pod,source=kubelet")->matches(*event));
}
