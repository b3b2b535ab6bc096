#include "base/json/json.h"

#include <catch2/catch.hpp>

#include <time.h>

using namespace appliance;

namespace {

using Names = std::vector<std::string>;

Names duplicates(const std::string& text, size_t max = 16) {
  const auto found = json::duplicate_keys(text, max);
  REQUIRE(found);
  return *found;
}

// An object with the keys k0, k1, ...
std::string many_keys(size_t count, const std::string& last = "") {
  std::string out = "{";
  for (size_t i = 0; i < count; ++i) out += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  return out + (last.empty() ? "" : ",\"" + last + "\":2") + "}";
}

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double cost(const std::string& text) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const double start = cpu_seconds();
    CHECK(duplicates(text).empty());
    best = std::min(best, cpu_seconds() - start);
  }
  return best;
}

}  // namespace

TEST_CASE("json: keys that stand twice in one object are named by their path, in document order") {
  struct Row {
    std::string text;
    Names found;
  };
  const std::vector<Row> table{
      {"{}", {}},
      {R"([1,"a",null])", {}},
      {R"({"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]})", {}},  // the same name in different objects
      {R"({"a":1,"a":2})", {"a"}},
      {R"({"a":1,"a":2,"a":3})", {"a", "a"}},
      {R"({"x":{"b":1,"b":2},"c":[0,{"d":1,"d":2}],"x":3})", {"x.b", "c[1].d", "x"}},
      {R"({"a":1,"\u0061":2})", {"a"}},  // the same after unescaping
      {R"([[{"a":1}],[{"a":1,"a":{"b":1,"b":1}}]])", {"[1][0].a", "[1][0].a.b"}},
  };
  for (const auto& row : table) {
    INFO(row.text);
    CHECK(duplicates(row.text) == row.found);
  }
  CHECK(duplicates(R"({"a":1,"a":1,"b":1,"b":1,"c":1,"c":1})", 2) == Names{"a", "b"});
  CHECK_FALSE(json::duplicate_keys("{]"));
}

TEST_CASE("json: a duplicate is found in an object of any size") {
  for (const size_t count : {1U, 15U, 16U, 17U, 18U, 4095U, 4096U, 4097U, 100'000U}) {
    INFO(count);
    CHECK(duplicates(many_keys(count)).empty());
    CHECK(duplicates(many_keys(count, "k0")) == Names{"k0"});
    const std::string last = "k" + std::to_string(count - 1);
    CHECK(duplicates(many_keys(count, last)) == Names{last});
  }
}

TEST_CASE("json: looking for duplicates costs hardly more per key in a large object") {
  const double small = cost(many_keys(8'000));
  const double large = cost(many_keys(128'000));
  CHECK(large < small * 16 * 6);  // n log n: about 16 * 1.3; a look at every earlier key: 16 * 16
}

TEST_CASE("json: depth and size have limits, and errors name the byte") {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  CHECK_FALSE(json::parse(deep));
  CHECK(json::parse(deep, {.depth_max = 100}));
  CHECK_FALSE(json::duplicate_keys(deep));
  const auto large = json::parse("[1,2,3]", {.depth_max = 64, .bytes_max = 6});
  REQUIRE_FALSE(large);
  CHECK(large.error().code == Code::kResourceExhausted);
  const auto bad = json::parse("{\"a\":1}x");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message.starts_with("JSON at byte 7: "));
}
