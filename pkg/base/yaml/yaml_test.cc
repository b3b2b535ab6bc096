#include "base/yaml/yaml.h"

#include <catch2/catch.hpp>

using namespace appliance;

namespace {

std::string parsed(std::string_view text) {
  auto value = yaml::parse(text);
  return value ? json::serialize(*value) : "error: " + value.error().message;
}

std::string emitted(std::string_view json_text) { return yaml::emit(json::parse(json_text).value()); }

}  // namespace

TEST_CASE("yaml: scalars of YAML 1.1 as kubectl reads them") {
  CHECK(parsed("[yes, No, on, OFF, true, y, \"yes\", 'no', !!str on]") ==
        R"([true,false,true,false,true,true,"yes","no","on"])");
  CHECK(parsed("[1, -2, 0x1F, 0o17, 017, 1_000, 1.5, 1e3, .5, 18446744073709551615]") ==
        "[1,-2,31,15,15,1000,1.5E0,1E3,5E-1,18446744073709551615]");
  CHECK(parsed("[~, null, , 2026-01-02, 1.2.3, 08, 1:30]") == R"([null,null,null,"2026-01-02","1.2.3",8E0,"1:30"])");
  CHECK(parsed("a: |\n  x\n  y\nb: >\n  p\n  q\n") == R"({"a":"x\ny\n","b":"p q\n"})");
  CHECK(parsed("1: a\ntrue: b\n") == R"({"1":"a","true":"b"})");
  CHECK(parsed(".inf").find("error: ") == 0);
  CHECK(parsed("") == "null");
}

TEST_CASE("yaml: anchors, aliases and merge keys") {
  CHECK(parsed("a: &x {p: 1}\nb: *x\nc: {<<: *x, q: 2}\nd: {q: 2, <<: *x, p: 3}\n") ==
        R"({"a":{"p":1},"b":{"p":1},"c":{"p":1,"q":2},"d":{"q":2,"p":3}})");
  CHECK(parsed("a: &a [*a]").find("error: ") == 0);
  CHECK(parsed("a: *nope").find("error: ") == 0);
}

TEST_CASE("yaml: bombs are refused with a clear error") {
  std::string bomb = "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol,lol]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + (j < 9 ? "," : "]\n");
  }
  CHECK(parsed(bomb).find("aliases expand to more than 10000 nodes") != std::string::npos);
  CHECK(parsed(std::string(1000, '[') + std::string(1000, ']')).find("error: ") == 0);
  std::string nested;
  for (int i = 0; i < 60; ++i) nested += "&a" + std::to_string(i) + " [";
  for (int i = 0; i < 10000; ++i) nested += "1,";
  nested += "1" + std::string(60, ']');
  CHECK(parsed(nested).find("anchors hold more than") != std::string::npos);
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep = "{a: " + deep + "}";
  CHECK(parsed(deep).find("nested deeper than 64 levels") != std::string::npos);
  CHECK(yaml::parse("[1,2,3]", {.nodes_max = 3}).error().message.find("more than 3 nodes") != std::string::npos);
  CHECK(yaml::parse("[1,2,3]", {.bytes_max = 3}).error().message.find("at most 3 are allowed") != std::string::npos);
}

TEST_CASE("yaml: duplicate keys are found with their path; the last one wins") {
  std::vector<std::string> twice;
  auto value = yaml::parse("data:\n  a: 1\n  a: 2\nlist:\n- {b: 1}\n- {b: 1, b: 2}\n", {}, &twice);
  REQUIRE(value.has_value());
  CHECK(json::serialize(*value) == R"({"data":{"a":2},"list":[{"b":1},{"b":2}]})");
  CHECK(twice == std::vector<std::string>{"data.a", "list[1].b"});
}

TEST_CASE("yaml: streams of documents, and errors that say where") {
  auto all = yaml::parse_all("---\na: 1\n---\n# nothing\n---\nb: 2\n");
  REQUIRE(all.has_value());
  CHECK(json::serialize(json::Array(all->begin(), all->end())) == R"([{"a":1},{"b":2}])");
  CHECK(parsed("a: 1\n---\nb: 2\n").find("several documents") != std::string::npos);
  CHECK(parsed("a: [1\n").find("error: yaml: line ") == 0);
  CHECK(yaml::parse_all("a: 1\n---\nb: ]\n").error().message.find("document 2: line 3") != std::string::npos);
}

TEST_CASE("yaml: the layout of kubectl -o yaml") {
  CHECK(
      emitted(R"({"b":{"z":1,"a":[{"y":1,"x":"t"},[1,2],"s"]},"a":"1","c":{},"d":[],"e":null,"f":true})") ==
      "a: \"1\"\nb:\n  a:\n  - x: t\n    \"y\": 1\n  - - 1\n    - 2\n  - s\n  z: 1\nc: {}\nd: []\ne: null\nf: true\n");
  CHECK(emitted(R"({"a10":1,"a2":2,"kubectl.kubernetes.io/x":"{\"a\":1}\n"})") ==
        "a2: 2\na10: 1\nkubectl.kubernetes.io/x: |\n  {\"a\":1}\n");
  CHECK(
      emitted(
          R"(["a: b","- x","#c"," lead","2026-01-02T03:04:05Z","0x1f","","25%","a\tb","x\ny","@a","http://:80","*"])") ==
      "- 'a: b'\n- '- x'\n- '#c'\n- ' lead'\n- \"2026-01-02T03:04:05Z\"\n- \"0x1f\"\n- \"\"\n- 25%\n- \"a\\tb\"\n- "
      "|-\n  x\n  y\n- '@a'\n- http://:80\n- '*'\n");
}

TEST_CASE("yaml: keys whose order goes in a circle are written in the same order every time") {
  const auto text = emitted(R"({"01,~5":1,"01,15":2,"00S":3})");
  CHECK(emitted(R"({"00S":3,"01,15":2,"01,~5":1})") == text);
  CHECK(yaml::emit(yaml::parse(text).value()) == text);
  json::Object many;  // enough for a sort that trusts its comparison to run past the end
  for (int i = 0; i < 400; ++i)
    many[std::string(1, "01,~S5a"[i % 7]) + "01,~S5a"[i / 7 % 7] + "01,~S5a"[i / 49 % 7] + "~1,"[i % 3] +
         std::to_string(i % 11)] = i;
  CHECK(yaml::parse(yaml::emit(many)).value() == json::Value(many));
}

TEST_CASE("yaml: what is emitted reads back the same") {
  for (
      const auto* text :
      {R"({"a":"yes","b":"1e3","c":"null","d":"~","e":"'q'","f":"\"q\"","g":"a\nb\n\n","h":"\n","i":"  x\n y","j":"tail \n","k":"é","l":"a #b","m":"a:","n":"---","o":"1_0","p":"0o7","q":"\u0001","r":"!x","s":"%x","t":"a\r\nb","u":"=","v":"<<","w":"12:30:45"})",
       R"([[],{},[[]],[{}],{"a":[{"b":[1,[2,{"c":"d"}]]}]},1.5,-3,"x"])", R"("plain")", "{}", "[]", "7"}) {
    const auto value = json::parse(text).value();
    const auto emitted_text = yaml::emit(value);
    INFO(emitted_text);
    auto again = yaml::parse(emitted_text);
    REQUIRE(again.has_value());
    CHECK(*again == value);
  }
}
